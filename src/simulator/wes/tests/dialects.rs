//! What each real server does differently.

use serde_json::{Value, json};

use super::{QUICK, Server, request};
use crate::domain::Credential;

#[tokio::test]
async fn pages_hold_every_run_once() {
    for dialect in ["spec", "sapporo", "galaxy"] {
        let server = Server::of(dialect).await;
        server.simulator.set("dialect", "spec").unwrap();
        for _ in 0..5 {
            server.submit().await;
        }
        server.simulator.set("dialect", dialect).unwrap();

        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let mut url = server.url("/runs");
            url.query_pairs_mut().append_pair("page_size", "2").append_pair("page_token", &token);
            let page = server.client.get(&Credential::None, &url).await.unwrap();
            let page: Value = page.json().await.unwrap();
            let runs = page["runs"].as_array().unwrap();
            seen.extend(runs.iter().map(|run| run["run_id"].as_str().unwrap().to_owned()));
            match page["next_page_token"].as_str() {
                Some(next) if !next.is_empty() => token = next.to_owned(),
                _ => break,
            }
        }

        let mut expected: Vec<_> =
            server.simulator.submissions.all().into_iter().map(|run| run.id).collect();
        expected.reverse();
        assert_eq!(seen, expected, "{dialect}");
    }
}

#[tokio::test]
async fn a_cancel_ends_a_run_where_the_server_cancels() {
    for (dialect, expected) in
        [("spec", "CANCELED"), ("toil", "CANCELED"), ("wes-service", "COMPLETE")]
    {
        let settings = [("queue_ms", "0"), ("run_ms", "1500"), ("cancel_ms", "10")];
        let server = Server::start(&settings).await;
        server.simulator.set("dialect", dialect).unwrap();
        let run_id = server.submit().await;

        let answer = server.post(&format!("/runs/{run_id}/cancel")).await;

        assert_eq!(answer.status(), 200);
        server.reaches(&run_id, expected).await;
    }
}

#[tokio::test]
async fn each_dialect_breaks_the_specification_in_its_own_way() {
    for (dialect, list_key, log, unknown) in [
        ("spec", "runs", "http://", 404),
        ("wes-service", "workflows", "\u{1b}[1;30mstderr", 500),
        ("toil", "workflows", "../../../../toil/wes/v1/logs/", 404),
        ("sapporo", "runs", "\u{1b}[1;30mstderr", 400),
        ("starter-kit", "runs", "http://", 500),
        ("galaxy", "runs", "", 400),
    ] {
        let server = Server::of(dialect).await;
        let workflow_type = match dialect {
            "galaxy" => "gx_workflow_ga",
            "starter-kit" => "WDL",
            _ => "CWL",
        };
        let form = request().text("workflow_type", workflow_type);
        let answer = server.send(form, &[("a.cwl", b"one")]).await.unwrap();
        let run_id = answer.json::<Value>().await.unwrap()["run_id"].as_str().unwrap().to_owned();

        let list = server.json("/runs").await;
        let run = server.json(&format!("/runs/{run_id}")).await;
        let nobody = server.get("/runs/nobody").await;

        assert_eq!(list[list_key][0]["run_id"], run_id.as_str(), "{dialect}");
        let stderr = run["run_log"]["stderr"].as_str().unwrap_or_default();
        assert!(stderr.starts_with(log), "{dialect}: {stderr}");
        assert_eq!(nobody.status(), unknown, "{dialect}");
        let info = server.json("/service-info").await;
        let has_no_id = matches!(dialect, "wes-service" | "toil");
        assert_eq!(info["id"].is_null(), has_no_id, "{dialect}");
    }
}

#[tokio::test]
async fn each_dialect_insists_on_its_own_fields() {
    for (dialect, missing, status, listed) in [
        ("spec", "workflow_type_version", 400, 0),
        ("spec", "workflow_engine", 200, 1),
        ("sapporo", "workflow_engine", 400, 0),
        ("wes-service", "workflow_params", 500, 0),
        ("toil", "workflow_params", 400, 1),
        ("starter-kit", "workflow_type", 409, 0),
        ("galaxy", "workflow_type", 400, 0),
    ] {
        let server = Server::of(dialect).await;
        let form = request().text(missing, "");

        let answer = server.send(form, &[("a.cwl", b"one")]).await.unwrap();

        assert_eq!(answer.status(), status, "{dialect} without {missing}");
        let list = server.json("/runs").await;
        let runs = list.get("runs").or(list.get("workflows")).unwrap();
        // Toil lists what it refused.
        assert_eq!(runs.as_array().unwrap().len(), listed, "{dialect} without {missing}");
    }
}

#[tokio::test]
async fn an_ended_run_of_galaxy_can_still_be_canceled() {
    let server = Server::start(&QUICK).await;
    server.simulator.set("cancel_ms", "0").unwrap();
    let run_id = server.submit().await;
    server.reaches(&run_id, "COMPLETE").await;

    assert_eq!(server.post(&format!("/runs/{run_id}/cancel")).await.status(), 200);
    server.reaches(&run_id, "COMPLETE").await;
    server.simulator.set("dialect", "galaxy").unwrap();
    assert_eq!(server.post(&format!("/runs/{run_id}/cancel")).await.status(), 200);

    server.reaches(&run_id, "CANCELED").await;
}

#[tokio::test]
async fn the_starter_kit_forgets_tags_and_files_and_hides_what_is_under_way() {
    let server = Server::start(&[("dialect", "starter-kit"), ("run_ms", "60000")]).await;
    let form = request().text("workflow_type", "WDL");

    let answer = server.send(form, &[("sub/a.cwl", b"one")]).await.unwrap();
    let run_id = answer.json::<Value>().await.unwrap()["run_id"].as_str().unwrap().to_owned();

    assert_eq!(server.json("/runs").await, json!({ "runs": [] }));
    let run = server.json(&format!("/runs/{run_id}")).await;
    assert_eq!(run["request"]["tags"], Value::Null);
    let accepted = server.simulator.submissions.all();
    assert_eq!(accepted[0].files, [("sub/a.cwl".to_owned(), 3)]);
    assert_eq!(accepted[0].tags["ga4gh-gateway-run"], "run-1");
}

#[tokio::test]
async fn a_relative_log_of_toil_is_found_from_the_url_of_its_run() {
    let server = Server::of("toil").await;
    let run_id = server.submit().await;
    let run = server.json(&format!("/runs/{run_id}")).await;

    let reference = run["run_log"]["stdout"].as_str().unwrap();
    let url = server.url(&format!("/runs/{run_id}")).join(reference).unwrap();
    let log = server.client.get(&Credential::None, &url).await.unwrap();

    assert_eq!(log.bytes().await.unwrap(), "running a.cwl\ndone\n");
}

#[tokio::test]
async fn asking_wes_service_about_a_stranger_creates_it() {
    let server = Server::of("wes-service").await;

    let status = server.json("/runs/stranger/status").await;

    assert_eq!(status["state"], "RUNNING");
    assert_eq!(server.json("/runs").await["workflows"][0]["run_id"], "stranger");
    assert!(server.simulator.submissions.all().is_empty());
}
