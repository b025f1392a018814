//! The simulated WES server over a real socket, asked with the gateway's own client.

use std::time::Duration;

use http::{HeaderValue, Method, Request, header};
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::Instant};
use url::Url;

use crate::{
    backend::{
        Attachments,
        client::{Answer, Client, Config, Form, HttpError},
    },
    domain::Credential,
    simulator::Simulator,
};

const QUICK: [(&str, &str); 3] = [("queue_ms", "0"), ("prepare_ms", "0"), ("run_ms", "0")];

struct Server {
    simulator: Simulator,
    client: Client,
}

impl Server {
    async fn start(settings: &[(&str, &str)]) -> Self {
        let settings: Vec<_> =
            settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let simulator = Simulator::start("wes", listener, &settings).unwrap();
        Self { simulator, client: Client::try_new(Config::default()).unwrap() }
    }

    async fn of(dialect: &str) -> Self {
        let server = Self::start(&QUICK).await;
        server.simulator.set("dialect", dialect).unwrap();
        server
    }

    fn url(&self, path: &str) -> Url {
        format!("{}ga4gh/wes/v1{path}", self.simulator.url()).parse().unwrap()
    }

    async fn get(&self, path: &str) -> Answer {
        self.client.get(&Credential::None, &self.url(path)).await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        self.get(path).await.json().await.unwrap()
    }

    async fn post(&self, path: &str) -> Answer {
        let url = self.url(path);
        self.client.call(&Credential::None, Method::POST, &url, &[]).await.unwrap()
    }

    async fn send(&self, form: Form, files: &[(&str, &'static [u8])]) -> Result<Answer, HttpError> {
        let files = files.iter().map(|(name, bytes)| ((*name).into(), (*bytes).into())).collect();
        let request = Request::post(self.url("/runs").as_str())
            .header(header::CONTENT_TYPE, form.content_type())
            .body(form.into_body_with(
                "workflow_attachment",
                Attachments::in_memory(files),
                str::to_owned,
            ))
            .unwrap();
        self.client.send(&Credential::None, request, Duration::from_secs(5)).await
    }

    async fn submit(&self) -> String {
        let answer = self.send(request(), &[("a.cwl", b"one")]).await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json::<Value>().await.unwrap()["run_id"].as_str().unwrap().to_owned()
    }

    async fn reaches(&self, run_id: &str, state: &str) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let seen = self.json(&format!("/runs/{run_id}/status")).await;
            if seen["state"] == state {
                return;
            }
            assert!(Instant::now() < deadline, "still {seen}, not {state}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn request() -> Form {
    Form::new()
        .text("workflow_url", "a.cwl")
        .text("workflow_type", "CWL")
        .text("workflow_type_version", "v1.2")
        .text("workflow_engine", "cwltool")
        .typed("workflow_params", "application/json", r#"{"n":1}"#)
        .typed("tags", "application/json", r#"{"ga4gh-gateway-run":"run-1"}"#)
}

#[tokio::test]
async fn a_run_is_submitted_run_and_read() {
    let server = Server::start(&[("queue_ms", "0"), ("prepare_ms", "0"), ("run_ms", "50")]).await;

    let run_id = server.submit().await;
    server.reaches(&run_id, "COMPLETE").await;

    let log = server.json(&format!("/runs/{run_id}")).await;
    assert_eq!(log["request"]["tags"], json!({ "ga4gh-gateway-run": "run-1" }));
    assert_eq!(log["request"]["workflow_params"], json!({ "n": 1 }));
    assert_eq!(log["run_log"]["exit_code"], 0);
    let tasks = server.json(&format!("/runs/{run_id}/tasks?page_size=2")).await;
    assert_eq!(tasks["task_logs"].as_array().unwrap().len(), 2);
    let accepted = server.simulator.submissions.all();
    assert_eq!(accepted.len(), 1);
    assert_eq!((accepted[0].id.as_str(), accepted[0].bytes), (run_id.as_str(), 3));
    assert_eq!(accepted[0].tags["ga4gh-gateway-run"], "run-1");
}

#[tokio::test]
async fn outputs_and_logs_come_whole_and_in_parts() {
    let server = Server::of("spec").await;
    let run_id = server.submit().await;
    let log = server.json(&format!("/runs/{run_id}")).await;
    let result: Url = log["outputs"]["result"]["location"].as_str().unwrap().parse().unwrap();

    let whole = server.client.get(&Credential::None, &result).await.unwrap();
    let range = [(header::RANGE, HeaderValue::from_static("bytes=250-252"))];
    let part = server.client.call(&Credential::None, Method::GET, &result, &range).await.unwrap();
    let beyond = [(header::RANGE, HeaderValue::from_static("bytes=65536-"))];
    let beyond =
        server.client.call(&Credential::None, Method::GET, &result, &beyond).await.unwrap();
    let checksums = server.get(&format!("/runs/{run_id}/outputs/statistics/checksums.txt")).await;

    assert_eq!(whole.bytes().await.unwrap().len(), 64 * 1024);
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], "bytes 250-252/65536");
    assert_eq!(part.bytes().await.unwrap(), &[250, 0, 1][..]);
    assert_eq!(beyond.status(), 416);
    let sha256_of_one = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
    assert_eq!(checksums.bytes().await.unwrap(), format!("{sha256_of_one}  a.cwl\n"));
}

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
async fn only_the_right_credential_is_let_in() {
    let bearer = |token: &str| Credential::Bearer(token.into());
    let basic = |password: &str| Credential::Basic {
        username: "simulated-user".into(),
        password: password.into(),
    };
    for (auth, credential, expected) in [
        ("bearer", bearer("simulated-token"), 200),
        ("bearer", bearer("other"), 401),
        ("bearer", Credential::None, 401),
        ("basic", basic("simulated-password"), 200),
        ("basic", basic("other"), 401),
    ] {
        let server = Server::start(&[("auth", auth)]).await;

        let answer = server.client.get(&credential, &server.url("/runs")).await.unwrap();

        assert_eq!(answer.status(), expected, "{auth} {credential:?}");
    }
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
