//! `PUT /api/v1/services/{service_id}/mode`: a service is paused, or goes on.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{NamedService, OPERATORS, view::ServiceView, written};
use crate::{
    api::{
        Api,
        body::JsonBody,
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        etag::MaybeExpected,
    },
    registry::Mode,
};

/// Whether a service is to get runs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModeBody {
    /// `active`; `draining`, which gives it no new runs; or `maintenance`, which also tells nobody when
    /// it does not answer.
    mode: String,
    /// Why, for those who look at it.
    #[serde(default)]
    note: String,
}

/// Longest note that is kept.
const MAX_NOTE: usize = 500;

/// Pauses a service, or lets it go on. Runs that it has are followed to their end.
#[utoipa::path(
    put,
    path = "/services/{service_id}/mode",
    tag = "services",
    params(
        ("service_id" = String, Path, description = "Id of the service"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read"),
    ),
    request_body = ModeBody,
    responses(
        (status = 200, description = "The mode is in force", body = ServiceView),
        (status = 400, description = "There is no such mode", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
        (status = 404, description = "There is no such service", body = ErrorResponse),
        (status = 412, description = "It was changed meanwhile", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn set_mode(
    State(api): State<Api>,
    caller: Authenticated,
    named: Result<NamedService>,
    MaybeExpected(expected): MaybeExpected,
    body: Result<JsonBody<ModeBody>>,
) -> Result<Response> {
    caller.require(OPERATORS)?;
    let (NamedService(id), JsonBody(body)) = (named?, body?);
    let mode = Mode::parse(&body.mode).ok_or_else(|| {
        ApiError::bad_request("bad_mode", "a mode is `active`, `draining` or `maintenance`")
    })?;
    let note: String = body.note.chars().take(MAX_NOTE).collect();
    let record = api.federation.set_mode(&id, mode, &note, expected).await?;
    Ok(written(&api, &record))
}
