//! `DELETE /api/v1/services/{service_id}`: a service leaves the federation.

use axum::{extract::State, http::StatusCode};

use super::{NamedService, OPERATORS};
use crate::api::{
    Api,
    caller::Authenticated,
    error::{ErrorResponse, Result},
    etag::Expected,
    extract::DryRun,
};

/// Takes a service out. Its runs stay, in their last known state; drain it first to let them end.
#[utoipa::path(
    delete,
    path = "/services/{service_id}",
    tag = "services",
    params(
        ("service_id" = String, Path, description = "Id of the service"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
        ("dry_run" = Option<bool>, Query, description = "Check everything and change nothing"),
    ),
    responses(
        (status = 204, description = "It is out"),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
        (status = 404, description = "There is no such service", body = ErrorResponse),
        (status = 409, description = "It is kept somewhere else, or others need it", body = ErrorResponse),
        (status = 412, description = "It was changed meanwhile", body = ErrorResponse),
        (status = 428, description = "`If-Match` is missing", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn remove_service(
    State(api): State<Api>,
    caller: Authenticated,
    named: Result<NamedService>,
    dry_run: Result<DryRun>,
    expected: Result<Expected>,
) -> Result<StatusCode> {
    caller.require(OPERATORS)?;
    let (DryRun(dry_run), NamedService(id), Expected(version)) = (dry_run?, named?, expected?);
    api.federation.remove(&id, version, dry_run).await?;
    Ok(StatusCode::NO_CONTENT)
}
