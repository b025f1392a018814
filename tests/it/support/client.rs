//! The verbs of the API, as one caller.

use std::time::Duration;

use bytes::Bytes;
use ga4gh_gateway::{
    backend::{
        Attachments,
        client::{Answer, Body, Client, Config, Form, empty},
    },
    domain::Credential,
};
use http::{HeaderMap, Method, Request, StatusCode, header};
use serde_json::{Value, json};

use super::eventually::eventually_within;

/// The API, as one caller.
pub(crate) struct WesClient {
    client: Client,
    base: String,
    credential: Credential,
}

/// A submission in the making. Fields go before files, as a careful client sends them.
#[derive(Debug, Clone)]
pub(crate) struct RunForm {
    fields: Vec<(String, String)>,
    files: Vec<(String, Bytes)>,
    idempotency_key: Option<String>,
}

impl WesClient {
    pub(crate) fn new(base: &str, token: Option<String>) -> Self {
        let credential = token.map_or(Credential::None, |token| Credential::Bearer(token.into()));
        Self::with_credential(base, credential)
    }

    /// A caller who shows a credential in another way.
    pub(crate) fn with_credential(base: &str, credential: Credential) -> Self {
        let client = Client::try_new(Config::default()).expect("the machine trusts somebody");
        Self { client, base: base.to_owned(), credential }
    }

    /// Where WES begins.
    pub(crate) fn wes(&self) -> String {
        format!("{}/ga4gh/wes/v1", self.base)
    }

    /// Submits a run, and expects that it is taken.
    pub(crate) async fn submit(&self, form: RunForm) -> String {
        let (status, body) = self.try_submit(form).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["run_id"].as_str().expect("an id is a text").to_owned()
    }

    /// Submits a run whose files are made while they are sent, and expects that it is taken.
    pub(crate) async fn submit_streamed(&self, form: RunForm, files: Attachments) -> String {
        let (content_type, body) = form.into_form_with(files);
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/runs", self.wes()))
            .header(header::CONTENT_TYPE, content_type)
            .body(body)
            .expect("the request is a valid one");
        let answer = self.client.send(&self.credential, request, Duration::from_secs(60)).await;
        let (status, body) = read(answer.expect("the gateway answers")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["run_id"].as_str().expect("an id is a text").to_owned()
    }

    /// Submits a run, whatever comes of it.
    pub(crate) async fn try_submit(&self, form: RunForm) -> (StatusCode, Value) {
        self.try_submit_once(form).await.expect("the gateway answers")
    }

    /// Submits a run; `None` means that no whole answer came.
    pub(crate) async fn try_submit_once(&self, form: RunForm) -> Option<(StatusCode, Value)> {
        let key = form.idempotency_key.clone();
        let (content_type, body) = form.into_form();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/runs", self.wes()))
            .header(header::CONTENT_TYPE, content_type);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let request = request.body(body).expect("the request is a valid one");
        let answer =
            self.client.send(&self.credential, request, Duration::from_secs(60)).await.ok()?;
        let status = answer.status();
        let bytes = answer.bytes().await.ok()?;
        let body = serde_json::from_slice(&bytes);
        Some((status, body.unwrap_or_else(|_| panic!("{status} without JSON: {bytes:?}"))))
    }

    /// Sends a body as it is.
    pub(crate) async fn post(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}{path}", self.wes()))
            .header(header::CONTENT_TYPE, content_type)
            .body(ga4gh_gateway::backend::client::full(body))
            .expect("the request is a valid one");
        let answer = self.client.send(&self.credential, request, Duration::from_secs(60)).await;
        read(answer.expect("the gateway answers")).await
    }

    /// Asks for JSON below WES, such as `/runs`.
    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.call(Method::GET, &format!("{}{path}", self.wes()), None).await).await
    }

    /// Asks for JSON of our own API, such as `/runs/…/decision`.
    pub(crate) async fn get_v1(&self, path: &str) -> (StatusCode, Value) {
        read(self.call(Method::GET, &format!("{}/api/v1{path}", self.base), None).await).await
    }

    /// Sends JSON, or nothing, to a path of the gateway, with further headers.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(Value::String(text)) => ga4gh_gateway::backend::client::full(text.clone()),
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                ga4gh_gateway::backend::client::full(body.to_string())
            }
            None => empty(),
        };
        let request = request.body(body).expect("the request is a valid one");
        let answer = self.client.send(&self.credential, request, Duration::from_secs(60)).await;
        let answer = answer.expect("the gateway answers");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let bytes = answer.bytes().await.expect("the answer comes whole");
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        (status, headers, body)
    }

    /// Sends JSON to our own API, such as `/services/discover`.
    pub(crate) async fn post_v1(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}/api/v1{path}", self.base))
            .header(header::CONTENT_TYPE, "application/json")
            .body(ga4gh_gateway::backend::client::full(body.to_string()))
            .expect("the request is a valid one");
        let answer = self.client.send(&self.credential, request, Duration::from_secs(60)).await;
        read(answer.expect("the gateway answers")).await
    }

    /// Reads a file by its absolute URL.
    pub(crate) async fn download(
        &self,
        url: &str,
        range: Option<&str>,
    ) -> (StatusCode, HeaderMap, Bytes) {
        let answer = self.call(Method::GET, url, range).await;
        let (status, headers) = (answer.status(), answer.headers().clone());
        (status, headers, answer.bytes().await.expect("the file comes whole"))
    }

    /// Asks for the headers of a file by its absolute URL.
    pub(crate) async fn head(&self, url: &str) -> (StatusCode, HeaderMap) {
        let answer = self.call(Method::HEAD, url, None).await;
        (answer.status(), answer.headers().clone())
    }

    pub(crate) async fn cancel(&self, run_id: &str) -> StatusCode {
        self.call(Method::POST, &format!("{}/runs/{run_id}/cancel", self.wes()), None)
            .await
            .status()
    }

    pub(crate) async fn run_log(&self, run_id: &str) -> Value {
        let (status, log) = self.get(&format!("/runs/{run_id}")).await;
        assert_eq!(status, StatusCode::OK, "{log}");
        log
    }

    pub(crate) async fn state(&self, run_id: &str) -> String {
        let (status, body) = self.get(&format!("/runs/{run_id}/status")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["state"].as_str().expect("a state is a text").to_owned()
    }

    /// Waits until the run has ended, and says how.
    pub(crate) async fn ended(&self, run_id: &str) -> String {
        let terminal = ["COMPLETE", "EXECUTOR_ERROR", "SYSTEM_ERROR", "CANCELED", "PREEMPTED"];
        eventually_within(Duration::from_secs(60), "the run ends", || async {
            let state = self.state(run_id).await;
            if terminal.contains(&state.as_str()) { Ok(state) } else { Err(state) }
        })
        .await
    }

    /// Waits until the run is in a state.
    pub(crate) async fn reaches(&self, run_id: &str, wanted: &str) {
        eventually_within(Duration::from_secs(30), &format!("the run is {wanted}"), || async {
            let state = self.state(run_id).await;
            if state == wanted { Ok(()) } else { Err(state) }
        })
        .await;
    }

    async fn call(&self, method: Method, url: &str, range: Option<&str>) -> Answer {
        let mut request = Request::builder().method(method).uri(url);
        if let Some(range) = range {
            request = request.header(header::RANGE, range);
        }
        let request = request.body(empty()).expect("the request is a valid one");
        let answer = self.client.send(&self.credential, request, Duration::from_secs(60)).await;
        answer.expect("the gateway answers")
    }
}

async fn read(answer: Answer) -> (StatusCode, Value) {
    let status = answer.status();
    let bytes = answer.bytes().await.expect("the answer comes whole");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let body = serde_json::from_slice(&bytes);
    (status, body.unwrap_or_else(|_| panic!("{status} without JSON: {text}")))
}

impl RunForm {
    /// A run of a workflow that lies behind a URL.
    pub(crate) fn cwl() -> Self {
        Self::empty()
            .field("workflow_params", json!({"message": "hello"}).to_string())
            .field("workflow_type", "CWL")
            .field("workflow_type_version", "v1.2")
            .field("workflow_url", "https://example.org/hello.cwl")
    }

    /// An imputation against the panel that the simulated `H3Africa` server has.
    pub(crate) fn imputation() -> Self {
        let params = json!({"panel": "h3africa-v6hc-s", "build": "hg38", "population": "afr"});
        Self::empty()
            .field("workflow_params", params.to_string())
            .field("workflow_type", "IMPUTATION")
            .field("workflow_type_version", "1")
            .field("workflow_url", "imputation://auto")
    }

    /// No fields at all.
    pub(crate) fn empty() -> Self {
        Self { fields: Vec::new(), files: Vec::new(), idempotency_key: None }
    }

    /// Sets a field, instead of what it was.
    pub(crate) fn field(mut self, name: &str, value: impl Into<String>) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.into()));
        self
    }

    /// Sets the tags.
    pub(crate) fn tags(self, tags: &Value) -> Self {
        self.field("tags", tags.to_string())
    }

    /// Leaves a field out.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    /// Attaches a file.
    pub(crate) fn file(mut self, name: &str, bytes: impl Into<Bytes>) -> Self {
        self.files.push((name.to_owned(), bytes.into()));
        self
    }

    /// Names the submission, so that it can be repeated safely.
    pub(crate) fn idempotency_key(mut self, key: &str) -> Self {
        self.idempotency_key = Some(key.to_owned());
        self
    }

    fn into_form(mut self) -> (http::HeaderValue, Body) {
        let files = Attachments::in_memory(std::mem::take(&mut self.files));
        self.into_form_with(files)
    }

    fn into_form_with(self, files: Attachments) -> (http::HeaderValue, Body) {
        let mut form = Form::new();
        for (name, value) in &self.fields {
            form = form.text(name, value);
        }
        (form.content_type(), form.into_body_with("workflow_attachment", files, str::to_owned))
    }
}
