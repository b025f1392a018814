//! The calls of a Cloudgene server, each made once, and what its refusals mean.

use std::{borrow::Cow, time::Duration};

use http::{HeaderValue, Method, Request, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::wire;
use crate::{
    backend::{
        ByteRange, Error, Result,
        client::{Answer, Body, Client, HttpError, Problem, join, plain_text},
    },
    domain::{BackendRunId, Credential},
};

/// The header in which the servers want the token; they do not read `Authorization`.
const TOKEN_HEADER: &str = "X-Auth-Token";

/// A Cloudgene server.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) base: Url,
    pub(super) client: Client,
}

impl Api {
    /// What the server says of itself and of the caller. Answers without a token, too.
    pub(super) async fn server(&self, credential: &Credential) -> Result<wire::Server> {
        self.read(credential, &self.url(&["api", "v2", "server"])).await
    }

    /// An app. Not known and not permitted are one answer here.
    pub(super) async fn app(&self, credential: &Credential, id: &str) -> Result<wire::App> {
        let url = self.url(&["api", "v2", "server", "apps", id]);
        match self.ask(credential, &url).await? {
            Ok(answer) => answer.json().await,
            Err(refusal) if refusal.is_about_a_thing() => {
                let message = format!("it does not open the app `{id}`: {}", refusal.message);
                let error = Error::Refused { status: 404, message };
                Err(self.unless_dead(credential, error).await)
            }
            Err(refusal) => Err(refusal.into_read_error()),
        }
    }

    /// The badge that tells the version of the software.
    pub(super) async fn badge(&self) -> Result<String> {
        let url = self.url(&["api", "v2", "server", "version.svg"]);
        let answer = self.ask(&Credential::None, &url).await?.map_err(Refusal::into_read_error)?;
        let bytes = answer.bytes().await.map_err(HttpError::into_read_error)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What the server counts, its queue among it.
    pub(super) async fn counters(&self) -> Result<wire::Counters> {
        self.read(&Credential::None, &self.url(&["api", "v2", "server", "counters"])).await
    }

    /// A job with its steps and outputs.
    pub(super) async fn job(
        &self,
        credential: &Credential,
        id: &BackendRunId,
    ) -> Result<wire::Job> {
        let url = self.url(&["api", "v2", "jobs", id.as_str()]);
        match self.ask(credential, &url).await? {
            Ok(answer) => answer.json().await,
            Err(refusal) if refusal.is_about_a_thing() => Err(Error::UnknownRun),
            Err(refusal) => Err(refusal.into_read_error()),
        }
    }

    /// All jobs of the caller, newest first.
    pub(super) async fn jobs(&self, credential: &Credential) -> Result<Vec<wire::Job>> {
        let page: wire::JobPage = self.read(credential, &self.url(&["api", "v2", "jobs"])).await?;
        Ok(page.data)
    }

    /// A page of the jobs of the caller, newest first; the first page is 1.
    pub(super) async fn jobs_page(
        &self,
        credential: &Credential,
        number: u32,
    ) -> Result<wire::JobPage> {
        let mut url = self.url(&["api", "v2", "jobs"]);
        url.query_pairs_mut().append_pair("page", &number.to_string());
        self.read(credential, &url).await
    }

    /// Asks to cancel a job: a GET with an effect. `false` means that the server, a version 2, found
    /// nothing to cancel.
    pub(super) async fn cancel(&self, credential: &Credential, id: &BackendRunId) -> Result<bool> {
        let url = self.url(&["api", "v2", "jobs", id.as_str(), "cancel"]);
        match self.ask(credential, &url).await? {
            Ok(_) => Ok(true),
            Err(refusal) if refusal.is_about_a_thing() => Ok(false),
            Err(refusal) => Err(refusal.into_read_error()),
        }
    }

    /// Sends a form to an app. Only an answer with the id of a job confirms it.
    pub(super) async fn submit(
        &self,
        credential: &Credential,
        app: &str,
        content_type: HeaderValue,
        body: Body,
    ) -> Result<BackendRunId> {
        let url = self.url(&["api", "v2", "jobs", "submit", app]);
        let request = Request::post(url.as_str())
            .header(header::CONTENT_TYPE, content_type)
            .body(body)
            .map_err(|_| HttpError::BadUrl.into_submit_error())?;
        let wait = self.client.config().submit_timeout;
        let sent = self.client.send(&spoken(credential), request, wait).await;
        let answer = sent.map_err(HttpError::into_submit_error)?;
        if answer.status().is_success() {
            return submitted(answer).await;
        }
        let refusal = Refusal::read(answer).await;
        let not_there = refusal.status == 404;
        let error = refusal.into_submit_error();
        Err(if not_there { self.unless_dead(credential, error).await } else { error })
    }

    /// Opens a file; the answer may be of any status.
    pub(super) async fn fetch(
        &self,
        credential: &Credential,
        url: &Url,
        range: Option<ByteRange>,
    ) -> Result<Answer> {
        let range = range.map(ByteRange::to_header);
        self.client
            .call(&spoken(credential), Method::GET, url, range.as_slice())
            .await
            .map_err(HttpError::into_read_error)
    }

    /// Fetches a file that needs no credential, from wherever the server keeps it.
    pub(super) async fn fetch_following(
        &self,
        url: &Url,
        range: Option<ByteRange>,
    ) -> Result<Answer> {
        let range = range.map(ByteRange::to_header);
        self.client.get_following(&Credential::None, &self.base, url, range.as_slice()).await
    }

    /// An address below the base.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        join(&self.base, segments)
    }

    /// Version 2 answers 404 to a dead token, too; the list of jobs tells which it is.
    async fn unless_dead(&self, credential: &Credential, error: Error) -> Error {
        match self.jobs_page(credential, 1).await {
            Err(dead @ Error::Credential { .. }) => dead,
            Ok(_) | Err(_) => error,
        }
    }

    async fn read<T: DeserializeOwned>(&self, credential: &Credential, url: &Url) -> Result<T> {
        let answer = self.ask(credential, url).await?.map_err(Refusal::into_read_error)?;
        answer.json().await
    }

    async fn ask(&self, credential: &Credential, url: &Url) -> Result<Result<Answer, Refusal>> {
        let answer =
            self.client.get(&spoken(credential), url).await.map_err(HttpError::into_read_error)?;
        if answer.status().is_success() {
            Ok(Ok(answer))
        } else {
            Ok(Err(Refusal::read(answer).await))
        }
    }
}

/// What a server said instead of what it was asked for.
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) message: String,
    retry_after: Option<Duration>,
    /// Whether Cloudgene itself said it, rather than its framework or a proxy.
    own: bool,
}

impl Refusal {
    pub(super) async fn read(answer: Answer) -> Self {
        let status = answer.status();
        let retry_after = answer
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let text = match answer.bytes().await {
            Ok(bytes) => String::from_utf8_lossy(&bytes[..bytes.len().min(16_384)]).into_owned(),
            Err(error) => error.to_string(),
        };
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let message = match body.get("message").and_then(Value::as_str) {
            Some(message) => plain_text(message),
            None if status.is_redirection() => "it redirects; its address may have changed".into(),
            None => plain_text(&text),
        };
        let own = body.is_object() && body.get("_links").is_none();
        Self { status: status.as_u16(), message, retry_after, own }
    }

    /// Whether the job or the app is not there, rather than the whole server behind its proxy.
    pub(super) fn is_about_a_thing(&self) -> bool {
        self.status == 404 && self.own
    }

    pub(super) fn into_read_error(self) -> Error {
        match self.status {
            404 => Error::Malformed(format!("HTTP 404: {}", self.message)),
            _ => self.into_problem().into_read_error(),
        }
    }

    pub(super) fn into_submit_error(self) -> Error {
        match self.status {
            400 if self.message.to_lowercase().contains("jobs per user") => {
                Error::Busy { message: self.message, retry_after: self.retry_after }
            }
            // The server or its proxy did not wait for the rest of the body.
            408 => Error::Unavailable {
                why: self.message,
                retry_after: self.retry_after,
                source: None,
            },
            _ => self.into_problem().into_submit_error(),
        }
    }

    fn into_problem(self) -> Problem {
        Problem { status: self.status, message: self.message, retry_after: self.retry_after }
    }
}

async fn submitted(answer: Answer) -> Result<BackendRunId> {
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.map_err(HttpError::into_submit_error)?;
    let id = serde_json::from_slice::<wire::Submitted>(&bytes).ok().and_then(|said| said.id);
    match id {
        Some(id) if !id.is_empty() => Ok(BackendRunId::new(id)),
        _ => {
            let said = plain_text(&String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]));
            Err(Error::uncertain(format!("HTTP {status} without the id of a job: {said}")))
        }
    }
}

/// The credential as the servers want to hear it: a plain token goes in their own header.
fn spoken(credential: &Credential) -> Cow<'_, Credential> {
    match credential {
        Credential::Bearer(token) => {
            Cow::Owned(Credential::Header { name: TOKEN_HEADER.to_owned(), value: token.clone() })
        }
        Credential::None
        | Credential::Header { .. }
        | Credential::Basic { .. }
        | Credential::ClientCredentials { .. } => Cow::Borrowed(credential),
    }
}
