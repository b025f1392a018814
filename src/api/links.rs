//! Absolute URLs of the gateway's own resources, as this caller reaches them.

use std::{convert::Infallible, fmt::Display};

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Api;
use crate::telemetry::PeerAddress;

/// What stands unescaped in a path segment (RFC 3986, unreserved characters).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Makes URLs that begin the way the caller reaches the gateway.
#[derive(Debug, Clone)]
pub(super) struct Links {
    base: String,
}

impl Links {
    #[cfg(test)]
    pub(super) fn new(base: &str) -> Self {
        Self { base: base.to_owned() }
    }

    /// The gateway itself.
    pub(super) fn gateway(&self) -> String {
        self.base.clone()
    }

    /// The gateway's own WES.
    pub(super) fn wes(&self) -> String {
        format!("{}{}", self.base, super::wes::BASE)
    }

    /// A page of the documentation.
    pub(super) fn docs(&self) -> String {
        format!("{}/docs/", self.base)
    }

    /// The tasks of a run.
    pub(super) fn tasks(&self, run_id: impl Display) -> String {
        format!("{}{}/runs/{run_id}/tasks", self.base, super::wes::BASE)
    }

    /// A log of a run, or of one of its tasks. `stream` is `stdout` or `stderr`.
    pub(super) fn log(&self, run_id: impl Display, task: Option<&str>, stream: &str) -> String {
        let base = format!("{}{}/runs/{run_id}", self.base, super::wes::BASE);
        match task {
            Some(task) => format!("{base}/tasks/{}/logs/{stream}", segment(task)),
            None => format!("{base}/logs/{stream}"),
        }
    }

    /// An output of a run.
    pub(super) fn output(&self, run_id: impl Display, path: &str) -> String {
        let path: Vec<_> = path.split('/').map(segment).collect();
        format!("{}{}/runs/{run_id}/outputs/{}", self.base, super::wes::BASE, path.join("/"))
    }
}

fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

impl FromRequestParts<Api> for Links {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Infallible> {
        if let Some(url) = &api.config.public_url {
            return Ok(Self { base: url.as_str().trim_end_matches('/').to_owned() });
        }
        let tls = parts.extensions.get::<PeerAddress>().is_some_and(|peer| peer.tls);
        let host = parts
            .uri
            .authority()
            .map(ToString::to_string)
            .or_else(|| parts.headers.get(header::HOST)?.to_str().ok().map(str::to_owned))
            .unwrap_or_else(|| "localhost".to_owned());
        Ok(Self { base: format!("{}://{host}", if tls { "https" } else { "http" }) })
    }
}
