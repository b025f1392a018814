//! When another service is asked, and when it must not be.

use axum::{Json, Router, response::Html, routing::get};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    federation::system_logs,
    support::{
        RunForm, TestGateway, TestService,
        client::WesClient,
        eventually::eventually,
        raw::{END, Raw, field},
    },
};

/// Two services that offer the same. The first one is asked first: the second one gets runs only if
/// nobody else can.
struct Two {
    first: TestService,
    second: TestService,
    gateway: TestGateway,
    amina: WesClient,
}

impl Two {
    async fn start(settings: Value) -> Self {
        let first = TestService::start("first", "wes", "ML", &[("run_ms", "200")]).await;
        let second = TestService::start("second", "wes", "ZA", &[("run_ms", "200")]).await;
        let second = second.with("weight", 0);
        let gateway = TestGateway::start_with(&[&first, &second], settings).await;
        let amina = gateway.client("amina");
        Self { first, second, gateway, amina }
    }

    fn took(&self) -> (usize, usize) {
        (self.first.submissions().len(), self.second.submissions().len())
    }

    /// Expects that the second service gets the run, because of what the first one said.
    async fn second_gets_it(self, said: &str) {
        let run_id = self.amina.submit(RunForm::cwl().file("reads.txt", "ACGT")).await;

        assert_eq!(self.amina.ended(&run_id).await, "COMPLETE");
        assert_eq!(self.took(), (0, 1));
        let (_, decision) = self.amina.get_v1(&format!("/runs/{run_id}/decision")).await;
        assert_eq!(decision["service"], "second", "{decision}");
        assert_eq!(decision["attempts"][0]["service"], "first", "{decision}");
        assert_eq!(decision["attempts"][0]["outcome"], "unavailable", "{decision}");
        let detail = decision["attempts"][0]["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(said), "{decision}");
        assert_eq!(decision["attempts"][1]["outcome"], "placed", "{decision}");
        self.gateway.stop().await;
    }
}

/// Services are asked once only, so that a test knows what the gateway knows.
fn asked_once() -> Value {
    json!({"health": {"interval": "10m"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn after_503_the_next_service_is_asked() {
    let two = Two::start(asked_once()).await;
    two.first.set("fail_submit_with", "503");
    two.second_gets_it("fails to submit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_service_is_passed_over() {
    let two = Two::start(asked_once()).await;
    two.first.set("max_runs", "0");
    two.second_gets_it("takes no more runs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_credential_is_passed_over() {
    let two = Two::start(asked_once()).await;
    two.first.set("auth", "bearer");
    two.second_gets_it("did not accept the credential").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refused_connection_the_next_service_is_asked() {
    let mut two = Two::start(asked_once()).await;
    let stand_in = TestService::start("unused", "wes", "ML", &[]).await;
    let first = std::mem::replace(&mut two.first, stand_in);
    first.simulator.stopped().await;
    two.second_gets_it("no connection").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_uncertain_answer_nobody_else_is_asked() {
    for (knob, value) in [
        ("reset_after_upload", "true"),
        ("create_then_fail_with", "504"),
        ("create_then_fail_with", "500"),
    ] {
        let two = Two::start(asked_once()).await;
        two.first.set(knob, value);

        let run_id = two.amina.submit(RunForm::cwl()).await;

        assert_eq!(two.amina.ended(&run_id).await, "COMPLETE", "{knob}");
        assert_eq!(two.took(), (1, 0), "{knob}");
        two.gateway.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refusal_nobody_else_is_asked() {
    let two = Two::start(asked_once()).await;
    two.first.set("submissions_refused", "true");

    let (status, body) = two.amina.try_submit(RunForm::cwl()).await;

    assert_eq!((status.as_u16(), &body["reason"]), (400, &json!("refused_by_service")), "{body}");
    assert_eq!(body["run_exists"], false, "{body}");
    let msg = body["msg"].as_str().unwrap_or_default();
    assert!(msg.contains("no submissions are accepted at this time"), "{body}");
    assert_eq!(two.took(), (0, 0));
    let (_, list) = two.amina.get("/runs").await;
    assert_eq!(list["runs"], json!([]));
    two.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_have_streamed_past_go_nowhere_else() {
    let mut settings = asked_once();
    settings["gateway"] = json!({"stage_bytes": 1024});
    let two = Two::start(settings).await;
    two.first.set("fail_submit_with", "503");

    let form = RunForm::cwl().file("reads.txt", "ACGT".repeat(1024 * 1024));
    let (status, body) = two.amina.try_submit(form).await;

    assert_eq!((status.as_u16(), &body["run_exists"]), (503, &json!(false)), "{body}");
    assert_eq!(two.took(), (0, 0));
    let (_, list) = two.amina.get("/runs").await;
    assert_eq!(list["runs"], json!([]));
    two.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_all_are_down_the_answer_says_why_and_when_to_come_back() {
    let two = Two::start(asked_once()).await;
    two.first.set("fail_submit_with", "503");
    two.second.set("max_runs", "0");
    two.second.set("retry_after_s", "77");

    let body = field("workflow_type", "CWL")
        + &field("workflow_type_version", "v1.2")
        + &field("workflow_url", "https://example.org/hello.cwl")
        + END;
    let mut raw = Raw::submit(&two.gateway, "amina", body.len(), "").await;
    raw.send(&body).await;
    let (status, head, body) = raw.answer().await;

    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    assert!(head.contains("retry-after: 77"), "{head}");
    assert_eq!(body["reason"], "no_service_available");
    assert_eq!(body["run_exists"], false);
    let why = |id: &str| body["services"][id].as_str().unwrap_or_default().to_owned();
    assert!(why("first").contains("fails to submit"), "{body}");
    assert!(why("second").contains("takes no more runs"), "{body}");
    two.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_whose_services_never_answered_starts_and_says_so() {
    let first = TestService::start("first", "wes", "ML", &[("hang", "true")]).await;
    let second = TestService::start("second", "wes", "ZA", &[]).await;
    let third = TestService::start("third", "cloudgene3", "ZA", &[("maintenance", "true")]).await;
    second.set("fail_service_info_with", "502");
    second.set("html_errors", "true");
    let settings = json!({"health": {"interval": "10m", "timeout": "1s"}});
    let gateway = TestGateway::start_with(&[&first, &second, &third], settings).await;

    let (status, body) = gateway.client("amina").try_submit(RunForm::cwl()).await;

    assert_eq!((status.as_u16(), &body["run_exists"]), (503, &json!(false)), "{body}");
    let why = |id: &str| body["services"][id].as_str().unwrap_or_default().to_owned();
    assert!(why("first").contains("does not answer"), "{body}");
    assert!(why("second").contains("does not answer") && !why("second").contains('<'), "{body}");
    second.set("fail_service_info_with", "null");
    let amina = gateway.client("amina");
    let run_id = eventually("the second service is back", || async {
        let (status, body) = amina.try_submit(RunForm::cwl()).await;
        if status == StatusCode::OK { Ok(body["run_id"].clone()) } else { Err(body) }
    })
    .await;
    assert_eq!(amina.ended(run_id.as_str().expect("an id is a text")).await, "COMPLETE");
    assert_eq!(second.submissions().len(), 1);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_status_200_is_no_answer_and_no_proof() {
    let page = || async { Html("<html><body><h1>Welcome</h1> to the portal</body></html>") };
    let portal = describing_itself().fallback(page);

    in_front_of(portal, async |gateway, second| {
        let amina = gateway.client("amina");
        let run_id = amina.submit(RunForm::cwl()).await;

        assert_eq!(amina.state(&run_id).await, "INITIALIZING");
        let logs = system_logs(&amina.run_log(&run_id).await);
        assert!(logs.contains("its answer names no run"), "{logs}");
        assert_eq!(second.submissions(), []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_breaks_off_mid_upload_may_have_the_run() {
    let break_off = || async {
        // Takes the connection with it.
        std::panic::resume_unwind(Box::new("the service crashes"));
        #[expect(unreachable_code, reason = "tells the type of the handler")]
        StatusCode::OK
    };
    let none = || async { Json(json!({"runs": [], "next_page_token": ""})) };
    let service = describing_itself().route("/ga4gh/wes/v1/runs", get(none).post(break_off));

    in_front_of(service, async |gateway, second| {
        let amina = gateway.client("amina");
        let form = RunForm::cwl().file("reads.txt", "ACGT".repeat(4 * 1024 * 1024));
        let run_id = amina.submit(form).await;

        assert_eq!(amina.ended(&run_id).await, "SYSTEM_ERROR");
        let logs = system_logs(&amina.run_log(&run_id).await);
        assert!(logs.contains("did not confirm the run and does not know it"), "{logs}");
        assert_eq!(second.submissions(), []);
    })
    .await;
}

/// A WES service that can tell what it is.
fn describing_itself() -> Router {
    let info = || async {
        Json(json!({
            "workflow_type_versions": {"CWL": {"workflow_type_version": ["v1.2"]}},
            "supported_wes_versions": ["1.1.0"],
            "workflow_engine_versions": {},
        }))
    };
    Router::new().route("/ga4gh/wes/v1/service-info", get(info))
}

/// Runs a test on a gateway that asks `service` before a healthy second one.
async fn in_front_of(service: Router, test: impl AsyncFnOnce(&TestGateway, &TestService)) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    let second = TestService::start("second", "wes", "ZA", &[]).await.with("weight", 0);
    let first = json!({
        "id": "first",
        "kind": "wes",
        "url": format!("http://{address}"),
        "jurisdiction": "ML",
        "credential": {"type": "none"},
    });
    let test = async {
        let services = vec![first, second.config.clone()];
        let gateway = TestGateway::start_configured(services, asked_once()).await;
        test(&gateway, &second).await;
        gateway.stop().await;
    };
    let server = async { axum::serve(listener, service).await };
    tokio::select! {
        ended = server => panic!("the service stopped: {ended:?}"),
        () = test => {}
    }
}
