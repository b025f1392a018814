//! `DELETE /api/v1/credentials/{service_id}`: a caller takes their own credential back.

use axum::{extract::State, http::StatusCode};

use super::CALLERS;
use crate::api::{
    Api,
    caller::Authenticated,
    error::{ErrorResponse, Result},
    v1::services::NamedService,
};

/// Forgets the caller's credential for a service. Runs that were sent with it stay in their last known
/// state, and are followed again once there is one.
#[utoipa::path(
    delete,
    path = "/credentials/{service_id}",
    tag = "credentials",
    params(("service_id" = String, Path, description = "Id of the service")),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no researcher", body = ErrorResponse),
        (status = 404, description = "There is no such credential", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn remove_credential(
    State(api): State<Api>,
    caller: Authenticated,
    named: Result<NamedService>,
) -> Result<StatusCode> {
    caller.require(CALLERS)?;
    let NamedService(id) = named?;
    api.credentials.remove(&caller.0.id, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
