//! The simulated WES server over a real socket, asked with the gateway's own client.

mod dialects;
mod misbehavior;

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
