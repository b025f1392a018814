//! Error bodies: every server has its own.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::{Value, json};

use super::Dialect;
use crate::simulator::upload::UploadError;

/// An error, before it is put into a body.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    message: String,
    /// The server's framework said it, not its own code.
    from_framework: bool,
}

impl Problem {
    /// An error that the server's own code reports.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), from_framework: false }
    }

    /// An error that the server's web framework reports: no such path, no such parameter.
    pub(super) fn of_framework(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), from_framework: true }
    }
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        let status = match error {
            UploadError::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            UploadError::Broken(_) => StatusCode::BAD_REQUEST,
            UploadError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        };
        Self::of_framework(status, error.to_string())
    }
}

impl Dialect {
    /// The answer that tells of an error.
    pub(super) fn error(self, problem: &Problem) -> Response {
        let Problem { status, message, from_framework } = problem;
        match self {
            Self::Spec | Self::Sapporo => wes_error(*status, message),
            Self::Toil if !from_framework => wes_error(*status, message),
            Self::WesService | Self::Toil => problem_json(*status, message),
            Self::StarterKit => answer(
                *status,
                &json!({
                    "timestamp": "2026-01-01T00:00:00Z",
                    "status_code": status.as_u16(),
                    "error": status.canonical_reason(),
                    "msg": message,
                }),
            ),
            Self::Galaxy if *from_framework && *status == StatusCode::NOT_FOUND => {
                (*status, Html("<html><body><h1>404 Not Found</h1></body></html>")).into_response()
            }
            Self::Galaxy => {
                let code = u32::from(status.as_u16()) * 1000 + 1;
                answer(*status, &json!({ "err_msg": message, "err_code": code }))
            }
        }
    }
}

/// The body of the specification (WES 1.1.0, `ErrorResponse`).
fn wes_error(status: StatusCode, message: &str) -> Response {
    answer(status, &json!({ "msg": message, "status_code": status.as_u16() }))
}

/// The body of connexion (RFC 7807).
fn problem_json(status: StatusCode, message: &str) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "detail": message,
        "status": status.as_u16(),
    });
    let media_type = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, media_type, body.to_string()).into_response()
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, Json(body)).into_response()
}
