//! `POST /api/v1/alerts/{id}/acknowledge`: somebody looks after it.

use axum::{body::Body, extract::State};
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use utoipa::ToSchema;

use super::alert::Alert;
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        extract::Path,
        json::Private,
    },
    domain::Role,
};

/// Longest body, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// Longest note, in characters.
const MAX_NOTE: usize = 1000;

/// What is said about an alert.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AcknowledgeRequest {
    /// What is being done about it, in at most 1000 characters.
    #[schema(max_length = 1000)]
    note: String,
}

/// Says that the caller looks after an open alert. The last one to say so counts; the log keeps all.
#[utoipa::path(
    post,
    path = "/alerts/{id}/acknowledge",
    tag = "alerts",
    params(("id" = String, Path, description = "Id of the alert")),
    request_body = Option<AcknowledgeRequest>,
    responses(
        (status = 200, description = "The alert, acknowledged", body = Alert),
        (status = 400, description = "The body or its note cannot be taken", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
        (status = 404, description = "There is no such alert", body = ErrorResponse),
        (status = 409, description = "The alert is resolved already", body = ErrorResponse),
        (status = 500, description = "The gateway failed", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn acknowledge_alert(
    State(api): State<Api>,
    caller: Authenticated,
    Path(id): Path<String>,
    body: Body,
) -> Result<Private<Alert>> {
    caller.require(&[Role::Operator])?;
    let request = read(body).await?;
    let note = request.note.trim();
    if note.chars().count() > MAX_NOTE {
        return Err(ApiError::bad_request("bad_note", "a note has at most 1000 characters"));
    }
    let alert = api.alerts.acknowledge(&caller.0, &id, note).await?;
    Ok(Private(alert.into()))
}

/// The body, which may be left out.
async fn read(body: Body) -> Result<AcknowledgeRequest> {
    let bad = |msg: String| ApiError::bad_request("bad_json", msg);
    let bytes = Limited::new(body, MAX_BODY).collect().await;
    let bytes = bytes.map_err(|error| bad(format!("the body: {error}")))?.to_bytes();
    if bytes.is_empty() {
        return Ok(AcknowledgeRequest::default());
    }
    serde_json::from_slice(&bytes).map_err(|error| bad(format!("the body: {error}")))
}
