//! The ways in which any server can be made to misbehave.

use std::time::Duration;

use http::{Request, header};

use super::{Server, request};
use crate::{
    backend::client::{Client, Config, HttpError},
    domain::Credential,
};

#[tokio::test]
async fn a_hanging_server_never_answers() {
    let server = Server::start(&[("hang", "true")]).await;
    let config = Config { answer_timeout: Duration::from_millis(100), ..Config::default() };
    let impatient = Client::try_new(config).unwrap();

    let answer = impatient.get(&Credential::None, &server.url("/service-info")).await;

    assert!(matches!(answer, Err(HttpError::Timeout { .. })), "{answer:?}");
}

#[tokio::test]
async fn a_large_upload_to_a_closed_server_gets_its_answer() {
    let server = Server::start(&[("maintenance", "true"), ("retry_after_s", "7")]).await;

    let answer = server.send(request(), &[("big", &[0; 4 * 1024 * 1024])]).await.unwrap();

    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "7");
}

#[tokio::test]
async fn a_misbehaving_submission_makes_a_run_or_not() {
    for (knob, value, status, runs, listed) in [
        ("fail_submit_with", "500", Some(500), 0, 0),
        ("submissions_refused", "true", Some(400), 0, 0),
        ("max_runs", "0", Some(429), 0, 0),
        ("maintenance", "true", Some(503), 0, 0),
        ("lose_run", "true", Some(200), 0, 0),
        ("create_then_fail_with", "502", Some(502), 1, 1),
        ("reset_after_upload", "true", None, 1, 1),
    ] {
        let server = Server::of("spec").await;
        server.simulator.set(knob, value).unwrap();

        let answer = server.send(request(), &[("a.cwl", b"one")]).await;

        match (answer, status) {
            (Ok(answer), Some(status)) => assert_eq!(answer.status(), status, "{knob}"),
            (Err(HttpError::Broken(_)), None) => {}
            (other, _) => panic!("{knob}: {other:?}"),
        }
        server.simulator.set("maintenance", "false").unwrap();
        assert_eq!(server.simulator.submissions.all().len(), runs, "{knob}");
        assert_eq!(server.json("/runs").await["runs"].as_array().unwrap().len(), listed, "{knob}");
    }
}

#[tokio::test]
async fn a_client_that_waits_no_longer_leaves_a_run_behind() {
    let server = Server::start(&[("answer_delay_ms", "60000")]).await;
    let config = Config { stall_timeout: Duration::from_millis(200), ..Config::default() };
    let impatient = Client::try_new(config).unwrap();
    let form = request();
    let request = Request::post(server.url("/runs").as_str())
        .header(header::CONTENT_TYPE, form.content_type())
        .body(form.into_body())
        .unwrap();

    let answer = impatient.send(&Credential::None, request, Duration::from_millis(200)).await;

    assert!(matches!(answer, Err(HttpError::Timeout { .. })), "{answer:?}");
    assert_eq!(server.simulator.submissions.all().len(), 1);
}

#[tokio::test]
async fn an_upload_that_breaks_off_makes_no_run() {
    let server = Server::start(&[]).await;
    let cut = "--b\r\nContent-Disposition: form-data; name=\"workflow_attachment\"; \
               filename=\"a\"\r\n\r\nhalf";
    let request = Request::post(server.url("/runs").as_str())
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
        .body(crate::backend::client::full(cut))
        .unwrap();

    let answer = server.client.send(&Credential::None, request, Duration::from_secs(5)).await;

    assert_eq!(answer.unwrap().status(), 400);
    assert!(server.simulator.submissions.all().is_empty());
}

#[tokio::test]
async fn reads_can_be_made_to_fail_while_the_service_looks_well() {
    let server = Server::start(&[("fail_reads_with", "503"), ("html_errors", "true")]).await;

    let list = server.get("/runs").await;
    let info = server.get("/service-info").await;

    assert_eq!(list.status(), 503);
    assert_eq!(list.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(info.status(), 200);
}

#[tokio::test]
async fn a_stopped_server_does_not_answer_on_old_connections() {
    let server = Server::start(&[]).await;
    assert_eq!(server.get("/service-info").await.status(), 200);
    let url = server.url("/service-info");

    server.simulator.stopped().await;
    let answer = server.client.get(&Credential::None, &url).await;

    assert!(answer.is_err(), "{answer:?}");
}
