//! `getServiceById`: one service, whether or not it answers at the moment.

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{Public, not_found, render};
use crate::{
    api::{Api, links::Links},
    ga4gh::registry::{Error, ExternalService},
};

/// Tells about one service.
#[utoipa::path(
    get,
    path = "/services/{service_id}",
    tag = "registry",
    operation_id = "getServiceById",
    params(("service_id" = String, Path, description = "Id of the service")),
    responses(
        (status = 200, description = "The service", body = ExternalService),
        (status = 404, description = "There is no such service", body = Error),
        (status = "default", description = "An error", body = Error),
    ),
)]
pub(super) async fn get_service_by_id(
    State(api): State<Api>,
    links: Links,
    id: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Response {
    let Ok(Path(id)) = id else { return not_found() };
    if let Some(own) = render::own(&api, &links).into_iter().find(|own| own.service.id == id) {
        return Public(StatusCode::OK, own).into_response();
    }
    let fleet = api.federation.snapshot();
    let known = id.parse().ok().and_then(|id| fleet.get(&id));
    known.map_or_else(not_found, |listing| {
        Public(StatusCode::OK, render::external(listing)).into_response()
    })
}
