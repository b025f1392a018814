//! One signed request to a gateway, and what can go wrong with it.

use anyhow::{Context, Result};
use http::{Method, Request, StatusCode, header};
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::answer::Standing;
use crate::{
    backend::client::{Client, Config, HttpError, full, join, plain_text},
    domain::{Clock as _, Credential, SystemClock},
};

/// Why the gateway did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// It cannot be reached, or broke off. Trying again helps.
    #[error("the gateway at {gateway} cannot be reached: {}", chain(.source))]
    Unreachable { gateway: Url, source: HttpError },
    /// It said no.
    #[error("the gateway refused ({reason}): {msg}")]
    Refused { reason: String, msg: String },
    /// It answered, and not as a gateway does.
    #[error("{gateway} answered with {status}, and not as a gateway does: {said}")]
    Strange { gateway: Url, status: StatusCode, said: String },
}

impl CallError {
    /// Whether no later heartbeat can be taken either.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::Refused { reason, .. } => {
                matches!(reason.as_str(), "wrong_standing" | "registration_disabled")
            }
            Self::Unreachable { .. } | Self::Strange { .. } => false,
        }
    }
}

pub(super) fn client() -> Result<Client> {
    Client::try_new(Config::default()).context("no certificate authorities")
}

pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

/// How often a text is signed anew that something which was signed later has overtaken on the way.
const TRIES: usize = 3;

/// Posts a signed text below the API of a gateway. `sign` signs it as of now: a heartbeat of the same node
/// that was signed later may come first, and then what was signed before it counts as a replay.
pub(super) async fn post(
    client: &Client,
    gateway: &Url,
    path: &[&str],
    sign: impl Fn() -> String,
) -> Result<Standing, CallError> {
    for _ in 1..TRIES {
        match post_once(client, gateway, path, sign()).await {
            Err(CallError::Refused { reason, .. }) if reason == "replayed_proof" => {}
            answer => return answer,
        }
    }
    post_once(client, gateway, path, sign()).await
}

async fn post_once(
    client: &Client,
    gateway: &Url,
    path: &[&str],
    text: String,
) -> Result<Standing, CallError> {
    let unreachable = |source| CallError::Unreachable { gateway: gateway.clone(), source };
    let url = join(gateway, &[&["api", "v1"], path].concat());
    let request = Request::builder()
        .method(Method::POST)
        .uri(url.as_str())
        .header(header::CONTENT_TYPE, "application/jose")
        .body(full(text))
        .map_err(|_| unreachable(HttpError::BadUrl))?;
    let wait = client.config().answer_timeout;
    let answer = client.send(&Credential::None, request, wait).await.map_err(unreachable)?;
    let status = answer.status();
    let bytes = answer.bytes().await.map_err(unreachable)?;
    let strange = || CallError::Strange {
        gateway: gateway.clone(),
        status,
        said: plain_text(&String::from_utf8_lossy(&bytes)),
    };
    if status.is_success() {
        return serde_json::from_slice(&bytes).map_err(|_| strange());
    }
    let body: Value = serde_json::from_slice(&bytes).map_err(|_| strange())?;
    match (body["reason"].as_str(), body["msg"].as_str()) {
        (Some(reason), Some(msg)) => {
            Err(CallError::Refused { reason: reason.to_owned(), msg: plain_text(msg) })
        }
        _ => Err(strange()),
    }
}

fn chain(error: &HttpError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
