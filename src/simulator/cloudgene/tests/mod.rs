//! Drives simulated servers over real sockets.

mod reading;
mod results;
mod server;
mod submitting;

use std::time::{Duration, Instant};

use http::{Method, Request, StatusCode, header};
use serde_json::Value;
use tokio::net::TcpListener;
use url::Url;

use crate::{
    backend::{
        Attachments,
        client::{Answer, Client, Config, Form, HttpError, full},
    },
    domain::Credential,
    simulator::Simulator,
};

/// A server and a client who knows its token.
struct Sim {
    simulator: Simulator,
    client: Client,
}

const PANEL: (&str, &str) = ("refpanel", "apps@1000g-phase-3-v5@2.0.0");

/// Phases short enough for a test.
const FAST: [(&str, &str); 4] =
    [("queue_ms", "0"), ("run_ms", "40"), ("export_ms", "10"), ("gap_after_success_ms", "0")];

/// No phase ever ends.
const SLOW: (&str, &str) = ("run_ms", "3600000");

impl Sim {
    async fn start(kind: &str, knobs: &[(&str, &str)]) -> Self {
        let settings =
            FAST.iter().chain(knobs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings: Vec<(String, String)> = settings.collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let simulator = Simulator::start(kind, listener, &settings).unwrap();
        let config = Config {
            answer_timeout: Duration::from_secs(2),
            stall_timeout: Duration::from_secs(2),
            ..Config::default()
        };
        Self { simulator, client: Client::try_new(config).unwrap() }
    }

    fn url(&self, path: &str) -> Url {
        format!("{}{path}", self.simulator.url().as_str().trim_end_matches('/')).parse().unwrap()
    }

    fn set(&self, name: &str, value: &str) {
        self.simulator.set(name, value).unwrap();
    }

    async fn call(&self, token: &str, method: Method, path: &str) -> Result<Answer, HttpError> {
        self.client.call(&credential(token), method, &self.url(path), &[]).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("sim-token", Method::GET, path).await.unwrap()
    }

    async fn status(&self, path: &str) -> u16 {
        self.get(path).await.status().as_u16()
    }

    async fn json(&self, path: &str) -> Value {
        self.get(path).await.json().await.unwrap()
    }

    async fn post(&self, token: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(self.url(path).as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(full(body))
            .unwrap();
        self.client.send(&credential(token), request, Duration::from_secs(2)).await.unwrap()
    }

    /// Sends one file per name to an app, with fields.
    async fn send(
        &self,
        app: &str,
        fields: &[(&str, &str)],
        files: &[&str],
    ) -> Result<Answer, HttpError> {
        let files =
            files.iter().map(|name| ((*name).to_owned(), "records".repeat(10).into())).collect();
        self.send_files(app, fields, Attachments::in_memory(files)).await
    }

    async fn send_files(
        &self,
        app: &str,
        fields: &[(&str, &str)],
        files: Attachments,
    ) -> Result<Answer, HttpError> {
        let form = fields.iter().fold(Form::new(), |form, (name, value)| form.text(name, value));
        let request = Request::post(self.url(&format!("/api/v2/jobs/submit/{app}")).as_str())
            .header(header::CONTENT_TYPE, form.content_type())
            .body(form.into_body_with("files", files, str::to_owned))
            .unwrap();
        self.client.send(&credential("sim-token"), request, Duration::from_secs(2)).await
    }

    /// Submits chromosome 20 to the main app, and answers with the id of the job.
    async fn submit(&self, fields: &[(&str, &str)]) -> String {
        let fields = [&[PANEL, ("population", "eur")], fields].concat();
        let answer = self.send("imputationserver2", &fields, &["chr20.vcf.gz"]).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let said: Value = answer.json().await.unwrap();
        said["id"].as_str().unwrap().to_owned()
    }

    async fn job(&self, id: &str) -> Value {
        self.json(&format!("/api/v2/jobs/{id}")).await
    }

    /// Waits until a job is in a state and stored.
    async fn settled(&self, id: &str, state: i64) -> Value {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let job = self.job(id).await;
            if job["state"] == state && job["positionInQueue"] == -1 {
                return job;
            }
            assert!(Instant::now() < deadline, "still {job}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A token from logging in.
    async fn log_in(&self) -> String {
        let login = [("username", "gateway"), ("password", "sim-password")];
        let said: Value = self.post("", "/login", &login).await.json().await.unwrap();
        said["access_token"].as_str().unwrap().to_owned()
    }
}

/// The files of the first output.
fn files(job: &Value) -> Vec<Value> {
    job["outputParams"][0]["files"].as_array().unwrap().clone()
}

/// Where a file of the first output is shared.
fn share(job: &Value, name: &str) -> String {
    let file = files(job).into_iter().find(|file| file["name"] == name).unwrap();
    format!("/share/results/{}/{name}", file["hash"].as_str().unwrap())
}

fn credential(token: &str) -> Credential {
    match token {
        "" => Credential::None,
        token => Credential::Header { name: "X-Auth-Token".to_owned(), value: token.into() },
    }
}
