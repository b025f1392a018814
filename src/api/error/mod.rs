//! The one place that turns errors into HTTP.
//!
//! Bodies are WES's `{msg, status_code}` with a stable `reason` beside it, and where a run is concerned
//! whether it exists.

mod federation;
mod identity;
mod nodes;
mod runs;
mod telling;

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tracing::error;
use utoipa::ToSchema;

/// The body of every error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct ErrorResponse {
    /// What happened, in words for people, and what to do about it.
    pub msg: String,
    /// The HTTP status.
    pub status_code: i32,
    /// A stable word for programs; the catalogue stands in `docs/errors.md`.
    pub reason: String,
    /// On a submission: whether a run came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_exists: Option<bool>,
    /// Every service that was considered, and why it did not take the run, or what to do there first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, String>,
}

/// An error on its way to a caller.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: ErrorResponse,
    retry_after: Option<Duration>,
}

pub(super) type Result<T, E = ApiError> = std::result::Result<T, E>;

impl ApiError {
    pub(super) fn new(status: StatusCode, reason: &str, msg: impl Into<String>) -> Self {
        let body = ErrorResponse {
            msg: msg.into(),
            status_code: i32::from(status.as_u16()),
            reason: reason.to_owned(),
            run_exists: None,
            services: BTreeMap::new(),
        };
        Self { status, body, retry_after: None }
    }

    pub(super) fn bad_request(reason: &str, msg: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason, msg)
    }

    /// The gateway itself failed. The cause goes to the log, and not to the caller.
    pub(super) fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        error!("a use case failed: {}", chain(cause));
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the gateway failed")
    }

    /// On a submission: no run came of it.
    pub(super) fn without_run(mut self) -> Self {
        self.body.run_exists = Some(false);
        self
    }

    /// When another try is worth it.
    pub(super) fn with_retry_after(self, after: Duration) -> Self {
        self.retry_after(Some(after))
    }

    fn retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = Some(after.unwrap_or(Duration::from_secs(30)));
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"ga4gh-gateway\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// What an unknown path answers.
pub(super) async fn no_such_route() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "no_such_route", "there is nothing at this path")
}

/// What a known path answers to a method that it does not have.
pub(super) async fn method_not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this path does not have this method",
    )
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
