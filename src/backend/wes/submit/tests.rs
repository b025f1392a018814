//! Submissions and searches, against scripted servers.

use bytes::Bytes;
use serde_json::json;

use super::*;
use crate::{
    backend::{
        Backend, ImputationOrder, Search,
        client::scripted::{Scripted, client, json, page, redirect},
        wes::tests::{PLAIN, SAPPORO, backend, bearer, wes},
    },
    domain::{Build, Imputation, Mode, Phasing, ReferencePanel},
};

fn submission(attachments: Attachments) -> Submission {
    let request = RunRequest {
        workflow_type: "CWL".to_owned(),
        workflow_type_version: "v1.2".to_owned(),
        workflow_url: "main.cwl".to_owned(),
        ..RunRequest::default()
    };
    Submission { run_id: RunId::generate(), request, imputation: None, attachments }
}

fn files() -> Attachments {
    Attachments::in_memory(vec![("main.cwl".to_owned(), Bytes::from_static(b"cwlVersion"))])
}

fn name(error: &Error) -> &'static str {
    match error {
        Error::Unavailable { .. } => "unavailable",
        Error::Uncertain { .. } => "uncertain",
        Error::Refused { .. } => "refused",
        Error::Busy { .. } => "busy",
        Error::Credential { .. } => "credential",
        Error::UnknownRun => "unknown run",
        Error::Gone(_) => "gone",
        Error::Unsupported(_) => "unsupported",
        Error::Malformed(_) => "malformed",
        Error::Input(_) => "input",
    }
}

fn field<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let rest = body.split_once(&format!("name=\"{name}\"\r\n\r\n"))?.1;
    Some(rest.split_once("\r\n--")?.0)
}

#[tokio::test]
async fn every_server_gets_the_form_that_it_takes() {
    for (info, workflow_type, engine, parameters) in
        [(SAPPORO, "CWL", Some("cwltool"), None), (PLAIN, "cwl", None, Some("{}"))]
    {
        let server = wes(info, |_| json(201, json!({"run_id": "7"}))).await;
        let submission = submission(files());
        let run_id = submission.run_id;

        let placed = backend(&server).run_workflow(&bearer(), submission).await.unwrap();

        assert_eq!(placed.as_str(), "7");
        let sent = server.seen().pop().unwrap();
        assert_eq!(sent.line, "POST /runs");
        assert_eq!(field(&sent.body, "workflow_type"), Some(workflow_type));
        assert_eq!(field(&sent.body, "workflow_engine"), engine);
        assert_eq!(field(&sent.body, "workflow_engine_parameters"), parameters);
        assert_eq!(field(&sent.body, "workflow_params"), Some("{}"));
        assert_eq!(
            field(&sent.body, "tags"),
            Some(json!({RUN_TAG: run_id.to_string()}).to_string().as_str())
        );
        assert!(sent.body.contains("name=\"workflow_attachment\"; filename=\"main.cwl\""));
    }
}

#[tokio::test]
async fn an_answer_proves_what_it_proves() {
    for (status, body, expected) in [
        (200, Some(json!({"run_id": "7"})), "ok"),
        (200, Some(json!({"run_id": 7})), "ok"),
        (200, Some(json!({})), "uncertain"),
        (200, None, "uncertain"),
        (200, Some(json!({"msg": "no such workflow", "status_code": 400})), "refused"),
        (302, None, "refused"),
        (303, None, "uncertain"),
        (400, Some(json!({"msg": "no"})), "refused"),
        (401, Some(json!({"msg": "no"})), "credential"),
        (404, None, "refused"),
        (429, Some(json!({})), "busy"),
        (502, None, "uncertain"),
        (503, None, "unavailable"),
        (504, None, "uncertain"),
    ] {
        let answer = body.clone();
        let server = wes(PLAIN, move |_| match &answer {
            Some(body) => json(status, body.clone()),
            None => page(status),
        })
        .await;

        let placed = backend(&server).run_workflow(&bearer(), submission(files())).await;

        assert_eq!(placed.as_ref().map_or_else(name, |_| "ok"), expected, "{status} {body:?}");
        assert_eq!(server.lines().len(), 2, "never sent twice: {status}");
    }
}

#[tokio::test]
async fn after_a_500_the_run_is_looked_for() {
    let tagged = |tag: &str| json!({RUN_TAG: tag});
    let run = json!({"run_id": "7", "state": "RUNNING"});
    for (list, tags, expected) in [
        (json!({"workflows": [run], "next_page_token": ""}), tagged("it"), "ok"),
        (json!({"workflows": [run], "next_page_token": ""}), tagged("another"), "refused"),
        (json!({"workflows": [], "next_page_token": ""}), json!({}), "refused"),
        // Galaxy shows no tags, the starter kit no runs that have not ended.
        (json!({"runs": [run], "next_page_token": null}), json!(null), "uncertain"),
        (json!({"runs": []}), json!({}), "uncertain"),
        (json!("broken"), json!({}), "uncertain"),
    ] {
        let list_again = list.clone();
        let submission = submission(files());
        let tags: Value = serde_json::from_str(
            &tags.to_string().replace("\"it\"", &format!("\"{}\"", submission.run_id)),
        )
        .unwrap();
        let server = wes(PLAIN, move |seen| match seen.line.as_str() {
            "POST /runs" => json(500, json!({"msg": "bad params"})),
            "GET /runs/7" => json(200, json!({"request": {"tags": tags}})),
            _ => json(200, list_again.clone()),
        })
        .await;

        let placed = backend(&server).run_workflow(&bearer(), submission).await;

        assert_eq!(placed.as_ref().map_or_else(name, |_| "ok"), expected, "{list}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_uncertain() {
    // A handler that panics takes its connection with it.
    let server = wes(PLAIN, |_| panic!("no answer")).await;

    let placed = backend(&server).run_workflow(&bearer(), submission(files())).await;

    assert_eq!(name(&placed.unwrap_err()), "uncertain");
    assert_eq!(server.lines(), ["GET /service-info", "POST /runs"]);
}

#[tokio::test]
async fn a_slash_is_added_only_to_what_can_be_sent_again() {
    let start = || {
        wes(PLAIN, |seen| match seen.line.as_str() {
            "POST /runs" => redirect(307, &seen.own("/runs/")),
            "POST /runs/" => json(200, json!({"run_id": "7"})),
            _ => page(404),
        })
    };

    let server = start().await;
    let placed = backend(&server).run_workflow(&bearer(), submission(Attachments::none())).await;
    assert_eq!(placed.unwrap().as_str(), "7");

    let server = start().await;
    let placed = backend(&server).run_workflow(&bearer(), submission(files())).await;
    assert_eq!(name(&placed.unwrap_err()), "refused");
}

fn search(run_id: RunId, known: &[&str]) -> Search {
    let known = known.iter().map(|id| BackendRunId::new(*id)).collect();
    Search { run_id, since: "2026-11-22T12:00:00Z".parse().unwrap(), known }
}

#[tokio::test]
async fn a_run_is_found_by_the_tags_of_the_list() {
    let run_id = RunId::generate();
    let server = wes(SAPPORO, move |seen| match seen.line.as_str() {
        "GET /runs?page_size=100" => json(
            200,
            json!({"runs": [{"run_id": "1", "tags": {}}, {"run_id": "2", "tags": {"a": "b"}}, 5],
                "next_page_token": "b=.c="}),
        ),
        "GET /runs?page_size=100&page_token=b%3D.c%3D" => json(
            200,
            json!({"runs": [{"run_id": "3", "tags": {RUN_TAG: run_id.to_string()}}],
                "next_page_token": null}),
        ),
        _ => page(500),
    })
    .await;
    let backend = backend(&server);

    let found = backend.find_run(&bearer(), &search(run_id, &[])).await.unwrap();
    let other = backend.find_run(&bearer(), &search(RunId::generate(), &[])).await.unwrap();

    assert_eq!(found, Some(BackendRunId::new("3")));
    assert_eq!(other, None);
}

#[tokio::test]
async fn only_runs_of_the_list_are_asked_about() {
    let run_id = RunId::generate();
    let server = wes(PLAIN, move |seen| match seen.line.as_str() {
        "GET /runs?page_size=100" => json(
            200,
            json!({"workflows": [
                {"run_id": "known"}, {"run_id": "old", "start_time": "2026-11-20T00:00:00Z"},
                {"run_id": "made-up"}, {"run_id": "it"},
            ], "next_page_token": ""}),
        ),
        "GET /runs/it" => json(
            200,
            json!({"request": {"tags": json!({RUN_TAG: run_id.to_string()}).to_string()}}),
        ),
        _ => json(500, json!({"detail": "no such file"})),
    })
    .await;

    let found = backend(&server).find_run(&bearer(), &search(run_id, &["known"])).await.unwrap();

    assert_eq!(found, Some(BackendRunId::new("it")));
    let mut asked = server.lines().split_off(2);
    asked.sort();
    assert_eq!(asked, ["GET /runs/it", "GET /runs/made-up"]);
}

fn order() -> ImputationOrder {
    ImputationOrder {
        imputation: Imputation {
            panel: "h3a".to_owned(),
            build: Build::Hg38,
            population: None,
            phasing: Phasing::Eagle,
            mode: Mode::Imputation,
            r2_filter: 0.0,
            aes_encryption: false,
            meta: false,
            files: Vec::new(),
        },
        panel: ReferencePanel {
            id: "h3a".to_owned(),
            key: "h3a-v6".to_owned(),
            name: "H3A".to_owned(),
            build: None,
            input_builds: Vec::new(),
            populations: Vec::new(),
            ..ReferencePanel::default()
        },
        archive_password: "pass".to_owned().into(),
    }
}

#[tokio::test]
async fn imputation_becomes_the_workflow_of_the_operator() {
    let server: Scripted = wes(SAPPORO, |_| json(200, json!({"run_id": "7"}))).await;
    let settings = json!({"imputation": {"workflow_url": "https://w.example/i.cwl",
        "workflow_type": "cwl", "workflow_type_version": "v1.2",
        "params": {"panel": "{panel}", "vcf": [{"class": "File", "path": "{file}"}]},
        "panels": [{"id": "h3a", "key": "h3a-v6", "build": "hg38"}]}});
    let backend = WesBackend::try_new(&server.service("wes", settings), client()).unwrap();
    let imputing =
        |attachments| Submission { imputation: Some(order()), ..submission(attachments) };

    backend.run_workflow(&bearer(), imputing(files())).await.unwrap();
    let arriving = Attachments { manifest: None, ..files() };
    let unnamed = backend.run_workflow(&bearer(), imputing(arriving)).await.unwrap_err();

    let sent = server.seen().pop().unwrap();
    let params = json!({"panel": "h3a-v6", "vcf": [{"class": "File", "path": "main.cwl"}]});
    assert_eq!(field(&sent.body, "workflow_params"), Some(params.to_string().as_str()));
    assert_eq!(field(&sent.body, "workflow_url"), Some("https://w.example/i.cwl"));
    assert_eq!(field(&sent.body, "workflow_type"), Some("CWL"));
    assert_eq!(name(&unnamed), "unsupported");
}
