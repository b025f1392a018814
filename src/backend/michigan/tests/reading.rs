//! Offers, states, details, cancels and downloads.

use futures_util::TryStreamExt;
use serde_json::json;

use super::{
    app_json, backend,
    fake::{Fake, Reply},
    id, job_json, page_json, server_json, step_json, token,
};
use crate::{
    backend::{Backend, ByteRange, Error, Result, Sighting},
    domain::{Credential, Queue},
    ga4gh::wes::State,
};

#[tokio::test]
async fn an_offer_is_read_from_the_server() {
    let server = Fake::start(|line| match line {
        "GET /base/api/v2/server" => Reply::Json(200, server_json()),
        "GET /base/api/v2/server/apps/imputationserver2@2.0.12" => Reply::Json(200, app_json()),
        "GET /base/api/v2/server/version.svg" => Reply::Text(200, "<svg><text>v3.1.3</text></svg>"),
        "GET /base/api/v2/server/counters" => {
            Reply::Json(200, json!({"complete": {}, "queue": {"size": 7}, "users": 2}))
        }
        other => panic!("nobody should ask {other}"),
    })
    .await;

    let offer = backend(&format!("{}/base/", server.url)).describe(&token()).await.unwrap();

    assert_eq!(offer.workflow_types["IMPUTATION"], ["1"]);
    assert_eq!(offer.engines["cloudgene"], ["3.1.3"]);
    assert_eq!(offer.version.as_deref(), Some("3.1.3"));
    assert_eq!((offer.panels.len(), offer.protocols.len()), (3, 0));
    assert_eq!(offer.closed, None);
    assert_eq!(offer.queue, Some(Queue { under_way: 7, waiting: None, running: None }));
    assert!(offer.panels.iter().all(|panel| (panel.samples, panel.sites) == (None, None)));
}

#[tokio::test(start_paused = true)]
async fn a_server_is_not_called_dead_for_a_badge_or_a_queue_that_does_not_come() {
    let server = Fake::start(|line| match line {
        "GET /api/v2/server" => Reply::Json(200, server_json()),
        "GET /api/v2/server/version.svg" | "GET /api/v2/server/counters" => Reply::Silence,
        _ => Reply::Json(200, app_json()),
    })
    .await;

    let began = tokio::time::Instant::now();
    let offer = backend(&server.url).describe(&token()).await.unwrap();

    assert_eq!((offer.version, offer.queue, offer.panels.len()), (None, None, 3));
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_server_under_maintenance_is_closed_and_remembers_its_panels() {
    let asked = std::sync::atomic::AtomicBool::new(false);
    let server = Fake::start(move |line| match line {
        "GET /api/v2/server" => {
            let mut server = server_json();
            if asked.swap(true, std::sync::atomic::Ordering::Relaxed) {
                server["maintenace"] = json!(true);
                server["maintenaceMessage"] = json!("Back at <b>noon</b>");
            }
            Reply::Json(200, server)
        }
        "GET /api/v2/server/version.svg" => Reply::Text(404, ""),
        _ => Reply::Json(200, app_json()),
    })
    .await;
    let backend = backend(&server.url);
    let open = backend.describe(&token()).await.unwrap();

    let closed = backend.describe(&token()).await.unwrap();

    assert_eq!((open.closed, closed.closed.as_deref()), (None, Some("Back at noon")));
    assert_eq!(open.panels, closed.panels);
}

#[tokio::test]
async fn a_dead_token_is_told_apart_from_a_dead_server() {
    let refused = || json!({"_links": {}, "_embedded": {}, "message": "Unauthorized"});
    let mut logged_out = server_json();
    logged_out["loggedIn"] = json!(false);
    logged_out["apps"] = json!([]);
    let credential = |error: &Error| matches!(error, Error::Credential { .. });
    for (server, app) in [
        (Reply::Json(401, refused()), 401),
        (Reply::Json(403, refused()), 403),
        (Reply::Json(200, logged_out), 200),
        (Reply::Json(200, server_json()), 401),
        (Reply::Json(200, json!({"apps": []})), 404),
    ] {
        let server = std::sync::Mutex::new(Some(server));
        let server = Fake::start(move |line| match line {
            "GET /api/v2/server" => server.lock().unwrap().take().unwrap(),
            "GET /api/v2/jobs?page=1" => {
                Reply::Json(401, json!({"success": false, "message": "no"}))
            }
            "GET /api/v2/server/version.svg" => Reply::Text(404, ""),
            _ => Reply::Json(app, json!({"success": false, "message": "no"})),
        })
        .await;

        let error = backend(&server.url).describe(&token()).await.unwrap_err();

        assert!(credential(&error), "{error}");
    }

    let nobody = backend("http://127.0.0.1:1").describe(&Credential::None).await.unwrap_err();
    assert!(matches!(nobody, Error::Unavailable { .. }), "{nobody}");
}

#[tokio::test]
async fn a_plain_token_goes_in_the_header_of_the_house() {
    let server = Fake::start(|_| Reply::Json(200, job_json(json!({})))).await;

    let bearer = Credential::Bearer("the-token".to_owned().into());
    backend(&server.url).run_details(&bearer, &id("job-1")).await.unwrap();

    assert_eq!(server.seen()[0].token.as_deref(), Some("the-token"));
}

#[tokio::test]
async fn many_states_take_one_list_and_a_look_at_what_it_leaves_out() {
    let list = page_json(
        vec![
            job_json(json!({"id": "job-6", "state": 1, "startTime": 5})),
            job_json(json!({"id": "job-5", "state": 2})),
            job_json(json!({"id": "job-4", "state": 4})),
            job_json(json!({"id": "job-3", "state": 5})),
        ],
        None,
    );
    let failed = json!([step_json("QC", &[(1, "No chunks passed")])]);
    let server = Fake::start(move |line| match line {
        "GET /api/v2/jobs?page=1" => Reply::Json(200, list.clone()),
        "GET /api/v2/jobs/job-4" => {
            let output = json!([{"name": "output", "files": [{"name": "a.zip", "hash": "a"}]}]);
            Reply::Json(200, job_json(json!({"id": "job-4", "state": 4, "positionInQueue": -1, "outputParams": output})))
        }
        "GET /api/v2/jobs/job-3" => Reply::Json(200, job_json(json!({"state": 5, "steps": failed}))),
        "GET /api/v2/jobs/job-6" => {
            Reply::Json(200, job_json(json!({"id": "job-6", "state": 6})))
        }
        "GET /api/v2/jobs/job-2" => {
            Reply::Json(404, json!({"success": false, "message": "Job job-2 not found."}))
        }
        "GET /api/v2/jobs/job-1" => Reply::Text(503, "<html>maintenance</html>"),
        _ => Reply::Text(404, "<html>no such page</html>"),
    })
    .await;
    let ids = ["job-5", "job-4", "job-3", "job-2", "job-1", "job-0", "job-6"].map(id);

    let sightings = backend(&server.url).run_states(&token(), &ids).await.unwrap();

    let state = |at: usize| -> &Result<_> { &sightings[at].observed };
    assert_eq!(state(0).as_ref().unwrap().word, "running (2)");
    assert_eq!(state(1).as_ref().unwrap().state, State::Complete);
    assert_eq!(state(2).as_ref().unwrap().state, State::ExecutorError);
    assert!(matches!(state(3), Err(Error::UnknownRun)));
    assert!(matches!(state(4), Err(Error::Unavailable { .. })));
    assert!(matches!(state(5), Err(Error::Malformed(_))), "a proxy's 404 says nothing of a run");
    assert_eq!(state(6).as_ref().unwrap().state, State::Canceled, "the row was stale");
    assert!(sightings.iter().map(|Sighting { id, .. }| id).eq(&ids));
    assert_eq!(server.lines().len(), 7);
}

#[tokio::test]
async fn a_refusal_or_an_outage_is_never_a_state() {
    for (status, expected) in [(401, "Credential"), (403, "Credential"), (503, "Unavailable")] {
        let server = Fake::start(move |_| Reply::Text(status, "<html>no</html>")).await;

        let ids = ["job-1", "job-2"].map(id);
        let error = backend(&server.url).run_states(&token(), &ids).await.unwrap_err();

        assert!(format!("{error:?}").starts_with(expected), "{error:?}");
    }
}

#[tokio::test]
async fn a_cancel_is_asked_once() {
    for (cancel, state, fine) in [(200, 2, true), (404, 5, true), (404, 2, false)] {
        let server = Fake::start(move |line| match line {
            "GET /api/v2/jobs/job-1/cancel" => {
                Reply::Json(cancel, json!({"success": false, "message": "Job not found."}))
            }
            "GET /api/v2/jobs/job-1" => Reply::Json(200, job_json(json!({"state": state}))),
            other => panic!("nobody should ask {other}"),
        })
        .await;

        let canceled = backend(&server.url).cancel_run(&token(), &id("job-1")).await;

        assert_eq!(canceled.is_ok(), fine, "{canceled:?}");
        let cancels = server.lines().into_iter().filter(|line| line.ends_with("cancel")).count();
        assert_eq!(cancels, 1);
    }
}

#[tokio::test]
async fn a_failure_right_after_a_cancel_is_still_canceling() {
    let server = Fake::start(|_| Reply::Json(200, job_json(json!({"state": 5})))).await;
    let backend = backend(&server.url);

    backend.cancel_run(&token(), &id("job-1")).await.unwrap();
    let sightings = backend.run_states(&token(), &[id("job-1"), id("job-2")][..1]).await.unwrap();

    assert_eq!(sightings[0].observed.as_ref().unwrap().state, State::Canceling);
}

const RESULT: &str = "share/results/abc/statistics/chunks 1.txt";

#[tokio::test]
async fn a_redirect_is_followed_without_the_token() {
    let store = Fake::start(|_| Reply::Text(200, "bytes")).await;
    let to = format!("{}/bucket/key?X-Signature=1", store.url);
    let server = Fake::start(move |_| Reply::Redirect(301, to.clone())).await;

    let range = Some(ByteRange::Last(5));
    let download =
        backend(&server.url).download(&token(), &id("job-1"), RESULT, range).await.unwrap();

    let bytes: Vec<_> = download.bytes.try_collect().await.unwrap();
    assert_eq!(bytes.concat(), b"bytes");
    assert_eq!(server.lines(), ["GET /share/results/abc/statistics/chunks%201.txt"]);
    assert_eq!(store.lines(), ["GET /bucket/key?X-Signature=1"]);
    assert_eq!(store.seen()[0].token, None);
}

#[tokio::test]
async fn redirects_end() {
    let server = Fake::start(|_| Reply::Redirect(302, "/again".to_owned())).await;

    let opened = backend(&server.url).download(&token(), &id("job-1"), RESULT, None).await;

    assert!(matches!(opened, Err(Error::Malformed(_))), "{opened:?}");
    assert_eq!(server.lines().len(), 4);
}

#[tokio::test]
async fn a_download_that_is_no_file_is_an_error() {
    for (locator, status, message, expected) in [
        (RESULT, 400, "number of max downloads exceeded", "Gone"),
        (RESULT, 404, "download not found", "Gone"),
        (RESULT, 503, "maintenance", "Unavailable"),
        ("share/results/../../api/v2/jobs", 200, "", "Gone"),
        ("api/v2/jobs", 200, "", "Gone"),
        ("log", 500, "oops", "Gone"),
        ("log", 404, "Job not found", "UnknownRun"),
        ("log", 403, "Access denied.", "Credential"),
    ] {
        let server = Fake::start(move |_| {
            Reply::Json(status, json!({"success": false, "message": message}))
        })
        .await;

        let opened = backend(&server.url).download(&token(), &id("job-1"), locator, None).await;

        let error = format!("{:?}", opened.unwrap_err());
        assert!(error.starts_with(expected), "{locator} {status}: {error}");
        assert!(server.lines().len() <= 1);
    }
}

#[tokio::test]
async fn a_log_is_fetched_with_the_token() {
    let server = Fake::start(|_| Reply::Text(200, "line")).await;

    let log = backend(&server.url).download(&token(), &id("job-1"), "log", None).await.unwrap();

    assert_eq!(log.length, Some(4));
    let seen = server.seen().pop().unwrap();
    assert_eq!((seen.line.as_str(), seen.token.as_deref()), ("GET /logs/job-1", Some("the-token")));
}
