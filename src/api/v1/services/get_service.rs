//! `GET /api/v1/services/{service_id}`: one service.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use super::{NamedService, sees_settings, unknown_service, view::ServiceView};
use crate::api::{
    Api,
    caller::Authenticated,
    error::{ErrorResponse, Result},
    etag::etag,
    json::Private,
};

/// Tells what is known of a service. Its settings are shown to those who run services.
#[utoipa::path(
    get,
    path = "/services/{service_id}",
    tag = "services",
    params(("service_id" = String, Path, description = "Id of the service")),
    responses(
        (status = 200, description = "The service", body = ServiceView),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "There is no such service", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_service(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    NamedService(id): NamedService,
) -> Result<Response> {
    let fleet = api.federation.snapshot();
    let listing = fleet.get(&id).ok_or_else(|| unknown_service(id.as_str()))?;
    let version = [(header::ETAG, etag(listing.record().version))];
    Ok((version, Private(ServiceView::of(listing, sees_settings(&caller)))).into_response())
}
