//! The adapter against scripted servers that speak as Workbench does.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::TryStreamExt;
use serde_json::json;

use super::*;
use crate::{
    backend::{
        Attachments, Error, ImputationOrder, LogSource, RUN_TAG,
        client::scripted::{Scripted, Seen, client, json, page},
    },
    domain::{Build, Imputation, InputFile, Mode, Phasing, RunId},
    ga4gh::wes::{RunRequest, State},
};

const RUNS: &str = "/ns-1/ga4gh/wes/v1/runs";

fn backend(server: &Scripted, settings: Value) -> DnastackBackend {
    DnastackBackend::try_new(&server.service("dnastack", settings), client()).unwrap()
}

fn on(server: &Scripted) -> DnastackBackend {
    backend(server, json!({"namespace": "ns-1"}))
}

fn bearer() -> Credential {
    Credential::Bearer("secret".to_owned().into())
}

/// A namespace with one default engine; the script answers everything else.
async fn workbench(answer: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Scripted {
    Scripted::start(move |seen| match seen.line.as_str() {
        "GET /ns-1/engines" => json(
            200,
            json!({"engines": [{"id": "aws-1", "name": "Cloud"}, {"id": "local-1", "default": true}]}),
        ),
        "GET /ns-1/ga4gh/wes/v1/service-info" => json(200, json!({"id": "ewes", "version": "2.1"})),
        _ => answer(seen),
    })
    .await
}

fn submission(attachments: Attachments) -> Submission {
    let request = RunRequest {
        workflow_type: "WDL".to_owned(),
        workflow_type_version: "1.0".to_owned(),
        workflow_url: "main.wdl".to_owned(),
        ..RunRequest::default()
    };
    Submission { run_id: RunId::generate(), request, imputation: None, attachments }
}

fn order(file: InputFile) -> ImputationOrder {
    ImputationOrder {
        imputation: Imputation {
            panel: "h3a".to_owned(),
            build: Build::Hg38,
            population: Some("afr".to_owned()),
            phasing: Phasing::Eagle,
            mode: Mode::Imputation,
            r2_filter: 0.0,
            aes_encryption: false,
            meta: false,
            files: vec![file],
        },
        panel: ReferencePanel {
            id: "h3a".to_owned(),
            key: "h3a".to_owned(),
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
async fn a_namespace_offers_its_engines() {
    let server = workbench(|_| page(404)).await;

    let offer = on(&server).describe(&bearer()).await.unwrap();

    assert_eq!(offer.workflow_type("wdl"), Some("WDL"));
    assert!(offer.engines.contains_key("local-1"));
    assert!(offer.protocols.contains(&"https".to_owned()));
    assert_eq!((offer.version.as_deref(), offer.closed), (Some("2.1"), None));
}

#[tokio::test]
async fn a_run_goes_to_the_engine_that_is_meant() {
    for (settings, wanted, expected) in [
        (json!({"namespace": "ns-1"}), None, "local-1"),
        (json!({"namespace": "ns-1"}), Some("Cloud"), "aws-1"),
        (json!({"namespace": "ns-1"}), Some("cromwell"), "local-1"),
        (json!({"namespace": "ns-1", "engine_id": "gcp-1"}), None, "gcp-1"),
        (json!({"namespace": "ns-1", "engine_id": "gcp-1"}), Some("aws-1"), "aws-1"),
    ] {
        let server = workbench(|_| json(200, json!({"run_id": "7", "state": "QUEUED"}))).await;
        let mut submission = submission(Attachments::none());
        submission.request.workflow_engine = wanted.map(str::to_owned);
        let run_id = submission.run_id.to_string();

        let placed = backend(&server, settings).run_workflow(&bearer(), submission).await.unwrap();

        assert_eq!(placed.as_str(), "7");
        let sent = server.seen().pop().unwrap();
        assert_eq!(sent.line, format!("POST {RUNS}"));
        let body: Value = serde_json::from_str(&sent.body).unwrap();
        assert_eq!(body["workflow_engine_parameters"], json!({"engine_id": expected}));
        assert_eq!(body["tags"], json!({RUN_TAG: run_id}));
        assert_eq!(body["workflow_url"], "main.wdl");
    }
}

#[tokio::test]
async fn an_attached_workflow_is_put_into_the_catalogue_first() {
    let server = workbench(|seen| match seen.line.as_str() {
        "POST /ns-1/workflows" => {
            json(201, json!({"internalId": "w-1", "latestVersion": "v-1", "source": "PRIVATE"}))
        }
        _ => json(200, json!({"run_id": "7"})),
    })
    .await;
    let files =
        || Attachments::in_memory(vec![("main.wdl".to_owned(), Bytes::from("version 1.0"))]);

    for attachments in [files(), Attachments { manifest: None, ..files() }] {
        on(&server).run_workflow(&bearer(), submission(attachments)).await.unwrap();

        let seen = server.seen();
        let [.., catalogue, run] = seen.as_slice() else { panic!("{:?}", server.lines()) };
        assert!(catalogue.body.contains("name=\"workflow_file\"; filename=\"main.wdl\""));
        assert!(catalogue.body.contains("name=\"entrypoint\"\r\n\r\nmain.wdl\r\n"));
        let body: Value = serde_json::from_str(&run.body).unwrap();
        assert_eq!(body["workflow_url"], "w-1/v-1");
    }
}

#[tokio::test]
async fn a_failed_catalogue_is_never_uncertain() {
    for (status, expected) in [(400, "refused"), (401, "credential"), (502, "unavailable")] {
        let server = workbench(move |_| json(status, json!({"msg": "no", "error_code": 1}))).await;
        let files = Attachments::in_memory(vec![("main.wdl".to_owned(), Bytes::new())]);

        let error = on(&server).run_workflow(&bearer(), submission(files)).await.unwrap_err();

        assert!(error.to_string().contains(expected), "{status}: {error}");
    }
}

#[tokio::test]
async fn data_files_are_not_taken() {
    let server = workbench(|_| json(200, json!({"run_id": "7"}))).await;
    let template = json!({"namespace": "ns-1", "imputation": {"workflow_url": "impute/v3",
        "workflow_type": "WDL", "workflow_type_version": "1.0",
        "params": {"impute.vcfs": "{files}", "impute.population": "{population}"},
        "panels": [{"id": "h3a", "build": "hg38"}]}});
    let backend = backend(&server, template);
    let data = || Attachments::in_memory(vec![("a.vcf.gz".to_owned(), Bytes::new())]);
    let url = InputFile::Url("gs://bucket/a.vcf.gz".parse().unwrap());
    let imputing = |file: &InputFile, attachments| Submission {
        imputation: Some(order(file.clone())),
        ..submission(attachments)
    };

    let attached = imputing(&InputFile::Attachment("a.vcf.gz".to_owned()), data());
    let arriving = imputing(&url, Attachments { manifest: None, ..data() });
    for refused in [attached, arriving, submission(data())] {
        let error = backend.run_workflow(&bearer(), refused).await.unwrap_err();
        assert!(matches!(error, Error::Unsupported(_)), "{error:?}");
    }
    backend.run_workflow(&bearer(), imputing(&url, Attachments::none())).await.unwrap();

    let posts: Vec<_> = server.seen().into_iter().filter(|s| s.line.starts_with("POST")).collect();
    let body: Value = serde_json::from_str(&posts[0].body).unwrap();
    assert_eq!(posts.len(), 1);
    assert_eq!(body["workflow_url"], "impute/v3");
    assert_eq!(
        body["workflow_params"],
        json!({"impute.vcfs": ["gs://bucket/a.vcf.gz"], "impute.population": "afr"})
    );
}

#[tokio::test]
async fn an_answer_proves_what_it_proves() {
    for (status, body, expected) in [
        (
            200,
            json!({"msg": "bad input", "error_code": 400, "trace_id": "ab"}),
            "bad input (trace ab)",
        ),
        (200, json!({}), "did not confirm"),
        (200, json!("<html>"), "did not confirm"),
        (403, json!({"msg": "no", "error_code": 403}), "credential"),
        (429, json!({"msg": "slowly"}), "no more runs"),
        (500, json!({"msg": "boom", "trace_id": "ab"}), "did not confirm"),
        (503, json!({"msg": "later"}), "unavailable"),
    ] {
        let answer = body.clone();
        let server = workbench(move |_| json(status, answer.clone())).await;

        let placed = on(&server).run_workflow(&bearer(), submission(Attachments::none())).await;

        let error = placed.unwrap_err().to_string();
        assert!(error.contains(expected), "{status} {body}: {error}");
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let server = workbench(|seen| match (seen.line.as_str(), seen.header("authorization")) {
        ("POST /oauth/token", _) => json(200, json!({"access_token": "t", "expires_in": 60})),
        (_, Some("Bearer t")) if seen.body.contains("\"cached\"") => json(401, json!({})),
        _ => json(200, json!({"run_id": "7"})),
    })
    .await;
    let credential = Credential::ClientCredentials {
        token_url: server.url.join("/oauth/token").unwrap(),
        client_id: "cli".to_owned(),
        client_secret: "s".to_owned().into(),
        scope: None,
        resource: None,
    };
    let mut submission = submission(Attachments::none());
    submission.request.workflow_type_version = "cached".to_owned();

    let error = on(&server).run_workflow(&credential, submission).await.unwrap_err();

    assert!(matches!(error, Error::Credential { .. }), "{error:?}");
    let tokens = server.lines().iter().filter(|line| line.contains("token")).count();
    assert_eq!(tokens, 2);
}

#[tokio::test]
async fn a_run_is_found_by_its_tag() {
    let run_id = RunId::generate();
    let first = format!("GET {RUNS}?page_size=100&tag={RUN_TAG}%3A{run_id}");
    let server = workbench(move |seen| match seen.line.as_str() {
        line if line == first => json(
            200,
            json!({"runs": [{"run_id": "1", "state": "RUNNING", "tags": null}],
                "pagination": {"next_page_url": seen.own("/page-2")}, "next_page_token": "x"}),
        ),
        "GET /page-2" => {
            json(200, json!({"runs": [{"run_id": "2", "tags": {RUN_TAG: run_id.to_string()}}]}))
        }
        _ => {
            json(200, json!({"runs": [], "pagination": {"next_page_url": "http://evil.example/"}}))
        }
    })
    .await;
    let search = |run_id| Search {
        run_id,
        since: "2026-11-22T12:00:00Z".parse().unwrap(),
        known: Default::default(),
    };

    let found = on(&server).find_run(&bearer(), &search(run_id)).await.unwrap();
    let elsewhere = on(&server).find_run(&bearer(), &search(RunId::generate())).await;

    assert_eq!(found, Some(BackendRunId::new("2")));
    assert!(matches!(elsewhere, Err(Error::Malformed(_))), "{elsewhere:?}");
}

#[tokio::test]
async fn many_states_cost_one_list_and_the_rest() {
    let server = workbench(|seen| match seen.line.as_str() {
        line if line.starts_with(&format!("GET {RUNS}?")) => {
            let runs: Vec<_> = (0..20)
                .map(|n| json!({"run_id": n.to_string(), "state": "PREPROCESSING"}))
                .collect();
            json(200, json!({"runs": runs, "pagination": {}}))
        }
        line if line == format!("GET {RUNS}/ended/status") => {
            json(200, json!({"run_id": "ended", "state": "COMPLETE"}))
        }
        _ => json(404, json!({"msg": "no such run", "error_code": 404})),
    })
    .await;
    let mut ids: Vec<_> = (0..20).map(|n| BackendRunId::new(n.to_string())).collect();
    ids.extend(["ended", "lost"].map(BackendRunId::new));

    let sightings = on(&server).run_states(&bearer(), &ids).await.unwrap();

    assert_eq!(server.lines().len(), 3);
    let state = |id: &str| {
        let sighting = sightings.iter().find(|sighting| sighting.id.as_str() == id).unwrap();
        sighting.observed.as_ref().map(|seen| seen.state)
    };
    assert_eq!(state("7").unwrap(), State::Initializing);
    assert_eq!(state("ended").unwrap(), State::Complete);
    assert!(matches!(state("lost"), Err(Error::UnknownRun)));
}

#[tokio::test]
async fn logs_are_read_below_their_run() {
    let server = workbench(|seen| match seen.line.strip_prefix(&format!("GET {RUNS}/7")) {
        Some("?exclude_tasks=true") => json(200, json!({"run_id": "7", "state": "COMPLETE"})),
        Some("/tasks?page_size=100") => {
            json(200, json!({"tasks": [{"task_id": "a/b", "name": "A", "exit_code": 0}]}))
        }
        Some("/logs/stdout") => "out".into_response(),
        Some("/tasks/a%2Fb/logs/stderr") => "err".into_response(),
        _ => json(404, json!({"msg": "no"})),
    })
    .await;
    let (backend, id) = (on(&server), BackendRunId::new("7"));

    let details = backend.run_details(&bearer(), &id).await.unwrap();

    for (source, expected) in [(&details.stdout, "out"), (&details.tasks[0].stderr, "err")] {
        let LogSource::Remote(locator) = source else { panic!("{source:?}") };
        let download = backend.download(&bearer(), &id, locator, None).await.unwrap();
        let parts: Vec<Bytes> = download.bytes.try_collect().await.unwrap();
        assert_eq!(parts.concat(), expected.as_bytes());
    }
    let missing = backend.download(&bearer(), &id, "logs/stderr", None).await;
    assert!(matches!(missing, Err(Error::Gone(_))), "{missing:?}");
}

#[tokio::test]
async fn canceling_an_ended_run_is_no_failure() {
    for (status, expected) in
        [(200, "ok"), (409, "ok"), (404, "does not know"), (500, "unavailable")]
    {
        let server = workbench(move |_| json(status, json!({"msg": "no"}))).await;

        let canceled = on(&server).cancel_run(&bearer(), &BackendRunId::new("7")).await;

        let told = canceled.map_or_else(|error| error.to_string(), |()| "ok".to_owned());
        assert!(told.contains(expected), "{status}: {told}");
    }
}

#[test]
fn the_workflow_service_stands_beside_ewes() {
    for (ewes, expected) in [
        ("https://w.example/services/ewes-service/", "https://w.example/services/workflow-service"),
        ("https://w.example/services/ewes-service", "https://w.example/services/workflow-service"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
    ] {
        assert_eq!(beside(&ewes.parse().unwrap()).as_str(), expected);
    }
}
