//! `getServices`: all live services. Without pages and filters, as the specification wants it.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{Public, render};
use crate::{
    api::{Api, links::Links},
    ga4gh::registry::{Error, ExternalService},
};

/// Lists the gateway's own WES and every live service.
#[utoipa::path(
    get,
    path = "/services",
    tag = "registry",
    operation_id = "getServices",
    responses(
        (status = 200, description = "The services", body = Vec<ExternalService>),
        (status = "default", description = "An error", body = Error),
    ),
)]
pub(super) async fn get_services(State(api): State<Api>, links: Links) -> Response {
    let all = render::all(&api, &links, &api.federation.snapshot());
    Public(StatusCode::OK, all).into_response()
}
