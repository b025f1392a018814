//! `PUT /api/v1/panels/{panel_id}`: what operators and data stewards say of a panel.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use tracing::info;

use super::answer::Terms;
use crate::{
    api::{
        Api,
        body::JsonBody,
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        etag::{Expected, etag},
        extract::{DryRun, Path},
        json::Private,
    },
    domain::Role,
    federation::TermsDocument,
};

/// Who may say something of a panel.
pub(super) const WRITERS: &[Role] = &[Role::Operator, Role::DataSteward];

/// Replaces the terms of a panel. `If-Match` is the `ETag` that the panel was read with.
#[utoipa::path(
    put,
    path = "/panels/{panel_id}",
    tag = "panels",
    params(
        ("panel_id" = String, Path, description = "Id of the panel"),
        ("If-Match" = String, Header, description = "The `ETag` that the panel was read with"),
        ("dry_run" = Option<bool>, Query, description = "Check everything and change nothing"),
    ),
    request_body = TermsDocument,
    responses(
        (status = 200, description = "The terms as they stand, or would stand", body = Terms),
        (status = 400, description = "The terms are not what they should be", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator and no data steward", body = ErrorResponse),
        (status = 404, description = "No service has or had this panel", body = ErrorResponse),
        (status = 409, description = "An alias is taken, or the id is one", body = ErrorResponse),
        (status = 412, description = "Somebody else changed the terms", body = ErrorResponse),
        (status = 428, description = "`If-Match` is missing", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn put_terms(
    State(api): State<Api>,
    caller: Authenticated,
    Path(panel_id): Path<String>,
    dry_run: Result<DryRun, ApiError>,
    expected: Result<Expected, ApiError>,
    body: Result<JsonBody<TermsDocument>, ApiError>,
) -> Result<Response> {
    // Who may not write is told so first, whatever they sent.
    caller.require(WRITERS)?;
    let (DryRun(dry_run), Expected(version), JsonBody(document)) = (dry_run?, expected?, body?);
    let by = &caller.0.id;
    let record = api.panels.set_terms(&panel_id, &document, version, by, dry_run).await?;
    if !dry_run {
        info!(caller.id = %by, "the terms of panel {panel_id:?} are at version {}", record.version);
    }
    // A trial changed nothing, so the next change is still made against what was read.
    let stands = if dry_run { version } else { record.version };
    Ok(([(header::ETAG, etag(stands))], Private(Terms::of(&record, true))).into_response())
}
