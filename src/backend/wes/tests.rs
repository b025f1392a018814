//! Describing, reading, canceling and downloading, against scripted servers.

use axum::response::{IntoResponse, Response};
use futures_util::TryStreamExt;
use http::StatusCode;
use serde_json::json;

use super::*;
use crate::{
    backend::{
        LogSource,
        client::scripted::{Scripted, Seen, client, json, page, redirect},
    },
    ga4gh::wes::State,
};

pub(super) const SAPPORO: &str = r#"{"supported_wes_versions": ["sapporo-wes-2.1.0"],
    "workflow_type_versions": {"CWL": {"workflow_type_version": ["v1.2"]}},
    "workflow_engine_versions": {"cwltool": {"workflow_engine_version": ["3.3"]}}}"#;

pub(super) const PLAIN: &str = r#"{"supported_wes_versions": ["1.0.0"],
    "workflow_type_versions": {"cwl": {"workflow_type_version": ["v1.0"]}}}"#;

pub(super) fn backend(server: &Scripted) -> WesBackend {
    WesBackend::try_new(&server.service("wes", json!({})), client()).unwrap()
}

pub(super) fn bearer() -> Credential {
    Credential::Bearer("secret".to_owned().into())
}

/// A server whose service-info is `info`, and which answers everything else from the script.
pub(super) async fn wes(
    info: &'static str,
    answer: impl Fn(&Seen) -> Response + Send + Sync + 'static,
) -> Scripted {
    Scripted::start(move |seen| match seen.line.as_str() {
        "GET /service-info" => json(200, serde_json::from_str(info).unwrap()),
        _ => answer(seen),
    })
    .await
}

async fn text(download: Download) -> String {
    let parts: Vec<bytes::Bytes> = download.bytes.try_collect().await.unwrap();
    String::from_utf8(parts.concat()).unwrap()
}

#[tokio::test]
async fn the_api_is_found_below_its_host_and_remembered() {
    let server = Scripted::start(|seen| match seen.line.as_str() {
        "GET /ga4gh/wes/v1/service-info" => json(200, serde_json::from_str(PLAIN).unwrap()),
        "GET /ga4gh/wes/v1/runs/7/status" => json(200, json!({"run_id": "7", "state": "RUNNING"})),
        _ => page(404),
    })
    .await;
    let backend = backend(&server);

    let offer = backend.describe(&bearer()).await.unwrap();
    backend.describe(&bearer()).await.unwrap();
    let states = backend.run_states(&bearer(), &[BackendRunId::new("7")]).await.unwrap();

    assert_eq!(offer.workflow_type("CWL"), Some("cwl"));
    assert_eq!(states[0].observed.as_ref().unwrap().state, State::Running);
    assert_eq!(server.lines().iter().filter(|line| *line == "GET /service-info").count(), 1);
}

/// `wes-server` loses the exit code of a run that ends while it is asked for its service-info.
#[tokio::test]
async fn a_server_that_does_not_say_what_it_is_is_not_probed_while_it_has_runs() {
    const TYPED: &str =
        r#"{"type": {"group": "org.ga4gh", "artifact": "wes", "version": "1.1.0"}}"#;
    for (info, probes) in [(PLAIN, 1), (TYPED, 2)] {
        let running = |_: &Seen| json(200, json!({"run_id": "7", "state": "RUNNING"}));
        let server = wes(info, running).await;
        let backend = backend(&server);

        let first = backend.describe(&bearer()).await.unwrap();
        backend.run_states(&bearer(), &[BackendRunId::new("7")]).await.unwrap();
        let again = backend.describe(&bearer()).await.unwrap();

        assert_eq!(again, first);
        let asked = server.lines().iter().filter(|line| *line == "GET /service-info").count();
        assert_eq!(asked, probes, "{info}");
    }
}

#[tokio::test]
async fn what_is_no_wes_says_why() {
    for (status, expected) in [(200, "no sense"), (401, "credential"), (502, "unavailable")] {
        let server = Scripted::start(move |_| page(status)).await;

        let error = backend(&server).describe(&bearer()).await.unwrap_err();

        assert!(error.to_string().contains(expected), "{status}: {error}");
    }
}

#[tokio::test]
async fn a_template_offers_imputation() {
    let server = wes(PLAIN, |_| page(404)).await;
    let settings = json!({"imputation": {"workflow_url": "https://w.example/i.cwl",
        "workflow_type": "CWL", "workflow_type_version": "v1.0", "params": {},
        "panels": [{"id": "h3a", "build": "hg38", "lifts_from": ["hg19"]}]}});
    let service = server.service("wes", settings);
    let backend = WesBackend::try_new(&service, client()).unwrap();

    let offer = backend.describe(&bearer()).await.unwrap();

    assert_eq!(offer.workflow_types["IMPUTATION"], ["1"]);
    assert_eq!(offer.panel("H3A").unwrap().input_builds.len(), 2);
}

#[test]
fn wrong_settings_are_named() {
    for (settings, expected) in [
        (json!({"imputatoin": {}}), "imputatoin"),
        (json!({"imputation": {"workflow_url": "x"}}), "workflow_type"),
    ] {
        let url = "http://127.0.0.1".parse().unwrap();
        let service = Service {
            settings: settings.as_object().unwrap().clone(),
            ..Service::new("test".parse().unwrap(), "wes", url, "ZA".parse().unwrap())
        };

        let error = WesBackend::try_new(&service, client()).unwrap_err();

        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn every_run_gets_its_own_sighting() {
    let server = wes(PLAIN, |seen| match seen.line.as_str() {
        "GET /runs/up/status" => json(200, json!({"run_id": "up", "state": "RUNNING"})),
        "GET /runs/gone/status" => json(200, json!({"run_id": "gone", "state": "DELETED"})),
        "GET /runs/lost/status" => json(404, json!({"msg": "no", "status_code": 404})),
        "GET /runs/cromwell/status" => json(200, json!({"msg": "no", "status_code": 404})),
        _ => page(404),
    })
    .await;
    let ids = ["up", "gone", "lost", "cromwell", "proxy"].map(BackendRunId::new);

    let mut sightings = backend(&server).run_states(&bearer(), &ids).await.unwrap();

    sightings.sort_by_key(|sighting| ids.iter().position(|id| *id == sighting.id));
    let seen: Vec<_> = sightings.into_iter().map(|sighting| sighting.observed).collect();
    assert!(matches!(&seen[0], Ok(seen) if seen.state == State::Running), "{seen:?}");
    assert!(matches!(&seen[1], Ok(seen) if seen.expired), "{seen:?}");
    assert!(matches!(&seen[2], Err(Error::UnknownRun)), "{seen:?}");
    assert!(matches!(&seen[3], Err(Error::UnknownRun)), "{seen:?}");
    // A proxy's page says nothing about the run.
    assert!(matches!(&seen[4], Err(Error::Malformed(_))), "{seen:?}");
}

#[tokio::test]
async fn tasks_are_read_where_the_log_has_none() {
    let server = wes(PLAIN, |seen| match seen.line.as_str() {
        "GET /runs/7" => json(
            200,
            json!({"state": "RUNNING", "request": null, "run_log": null, "task_logs": null,
                "task_logs_url": "/runs/7/tasks?view=full"}),
        ),
        "GET /runs/7/tasks?view=full" => {
            json(200, json!({"task_logs": [{"id": "a", "name": "A"}], "next_page_token": "p="}))
        }
        "GET /runs/7/tasks?view=full&page_token=p%3D" => {
            json(200, json!({"task_logs": [{"id": "b", "name": "B"}], "next_page_token": ""}))
        }
        _ => json(404, json!({})),
    })
    .await;

    let details = backend(&server).run_details(&bearer(), &BackendRunId::new("7")).await.unwrap();

    let names: Vec<_> = details.tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names, ["A", "B"]);
}

#[tokio::test]
async fn servers_without_tasks_still_tell_the_run() {
    for status in [400, 404, 405, 500] {
        let server = wes(PLAIN, move |seen| match seen.line.as_str() {
            "GET /runs/7" => json(200, json!({"state": "COMPLETE", "task_logs": null})),
            _ => json(status, json!({"msg": "not implemented"})),
        })
        .await;

        let details = backend(&server).run_details(&bearer(), &BackendRunId::new("7")).await;

        assert_eq!(details.unwrap().word, "COMPLETE", "{status}");
    }
}

#[tokio::test]
async fn the_credential_is_not_shown_to_another_host() {
    let other = Scripted::start(|seen| match seen.header("authorization") {
        None => format!("log, {}", seen.header("range").unwrap_or("whole")).into_response(),
        Some(_) => StatusCode::BAD_REQUEST.into_response(),
    })
    .await;
    let signed = other.url.join("/log?signature=s3cret").unwrap().to_string();
    let signed_again = signed.clone();
    let server = wes(PLAIN, move |seen| match (seen.line.as_str(), seen.header("authorization")) {
        ("GET /runs/7", _) => json(
            200,
            json!({"state": "COMPLETE", "run_log": {"stdout": signed, "stderr": seen.own("/err")}}),
        ),
        ("GET /err", Some(_)) => redirect(302, &signed_again),
        _ => json(404, json!({})),
    })
    .await;
    let backend = backend(&server);
    let id = BackendRunId::new("7");

    let details = backend.run_details(&bearer(), &id).await.unwrap();
    let range = Some(ByteRange::From(2, Some(5)));
    let mut read = Vec::new();
    for source in [&details.stdout, &details.stderr] {
        let LogSource::Remote(locator) = source else { panic!("{source:?}") };
        assert!(!locator.contains("s3cret"), "a locator is kept, so it holds no secret");
        read.push(text(backend.download(&bearer(), &id, locator, range).await.unwrap()).await);
    }

    assert_eq!(read, ["log, bytes=2-5", "log, bytes=2-5"]);
}

#[tokio::test]
async fn outputs_are_fetched_from_the_service_with_its_credential() {
    let server = wes(PLAIN, |seen| match (seen.line.as_str(), seen.header("authorization")) {
        ("GET /runs/7", _) => json(
            200,
            json!({"state": "COMPLETE", "outputs": [
                {"file_name": "a.vcf.gz", "file_url": seen.own("/runs/7/outputs/a.vcf.gz")},
            ]}),
        ),
        ("GET /runs/7/outputs/a.vcf.gz", Some("Bearer secret")) => "vcf".into_response(),
        _ => json(404, json!({})),
    })
    .await;
    let backend = backend(&server);
    let id = BackendRunId::new("7");

    let details = backend.run_details(&bearer(), &id).await.unwrap();
    let locator = &details.files[0].locator;
    let download = backend.download(&bearer(), &id, locator, None).await.unwrap();

    assert_eq!((download.length, text(download).await.as_str()), (Some(3), "vcf"));
    let missing = server.url.join("/runs/7/outputs/b").unwrap();
    let error = backend.download(&bearer(), &id, missing.as_str(), None).await.unwrap_err();
    assert!(matches!(error, Error::Gone(_)), "{error:?}");
}

#[tokio::test]
async fn canceling_an_ended_run_is_no_failure() {
    for (status, state, expected) in [
        (200, "RUNNING", "ok"),
        (409, "COMPLETE", "ok"),
        (403, "CANCELED", "ok"),
        (409, "RUNNING", "refused"),
        (404, "RUNNING", "does not know"),
        (500, "RUNNING", "unavailable"),
    ] {
        let server = wes(PLAIN, move |seen| match seen.line.as_str() {
            "POST /runs/7/cancel" if status == 200 => "".into_response(),
            "POST /runs/7/cancel" => json(status, json!({"msg": "no"})),
            _ => json(200, json!({"run_id": "7", "state": state})),
        })
        .await;

        let canceled = backend(&server).cancel_run(&bearer(), &BackendRunId::new("7")).await;

        let told = canceled.map_or_else(|error| error.to_string(), |()| "ok".to_owned());
        assert!(told.contains(expected), "{status} {state}: {told}");
    }
}
