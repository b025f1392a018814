//! Answers that are errors, in the shapes in which the two generations write them.

use axum::{
    Json,
    response::{Html, IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::{knobs::CloudgeneKnobs, params::escape_html};

/// An answer that is an error.
#[derive(Debug)]
pub(super) enum Failure {
    /// Said by Cloudgene itself.
    Application(StatusCode, String),
    /// Said by the web framework below it; of Cloudgene 3 only.
    Framework(StatusCode),
    /// Text without a shape.
    Plain(StatusCode, String),
}

/// A failure at a path, with all that its body needs.
#[derive(Debug)]
pub(super) struct FailureAt<'a> {
    pub(super) failure: Failure,
    pub(super) generation: u8,
    pub(super) path: &'a str,
}

impl Failure {
    /// An error of the application.
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Application(status, message.into())
    }

    /// A job that is not there, or not any more.
    pub(super) fn no_job(id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("Job {id} not found."))
    }

    /// Something of another user.
    pub(super) fn denied() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Access denied.")
    }

    /// The server is under maintenance.
    pub(super) fn maintenance() -> Self {
        let message = "This functionality is currently under maintenance.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }
}

impl IntoResponse for FailureAt<'_> {
    fn into_response(self) -> Response {
        match self.failure {
            Failure::Plain(status, text) => (status, text).into_response(),
            Failure::Application(status, message) => {
                let message = match self.generation {
                    2 => escape_html(&message),
                    _ => message,
                };
                (status, Json(json!({"success": false, "message": message}))).into_response()
            }
            Failure::Framework(StatusCode::NOT_FOUND) if self.generation == 2 => {
                (StatusCode::NOT_FOUND, "Error").into_response()
            }
            Failure::Framework(status) if self.generation == 2 => {
                let message = status.canonical_reason().unwrap_or_default();
                (status, Json(json!({"success": false, "message": message}))).into_response()
            }
            Failure::Framework(status) => {
                (status, Json(framework(status, self.path))).into_response()
            }
        }
    }
}

/// The body of an error of the framework.
fn framework(status: StatusCode, path: &str) -> serde_json::Value {
    let message = match status {
        StatusCode::NOT_FOUND => "Page Not Found",
        StatusCode::PAYLOAD_TOO_LARGE => {
            "The content length exceeds the maximum allowed content length"
        }
        other => other.canonical_reason().unwrap_or_default(),
    };
    json!({
        "_links": {"self": [{"href": path, "templated": false, "type": null}]},
        "_embedded": {"errors": [{
            "_links": {}, "_embedded": {}, "message": message, "logref": null, "path": null,
        }]},
        "message": message,
        "logref": null,
        "path": null,
    })
}

/// A failure that the knobs ask for: of a proxy in front, or of the framework.
pub(super) fn injected(
    status: u16,
    knobs: &CloudgeneKnobs,
    generation: u8,
    path: &str,
) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = if knobs.html_errors {
        let reason = status.canonical_reason().unwrap_or_default();
        let title = format!("{} {reason}", status.as_u16());
        let page = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1>\
             </center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        );
        (status, Html(page)).into_response()
    } else {
        FailureAt { failure: Failure::Framework(status), generation, path }.into_response()
    };
    if let Some(seconds) = knobs.retry_after_s {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    answer
}
