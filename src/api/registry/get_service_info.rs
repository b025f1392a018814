//! `getServiceInfo` of the registry itself.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{Public, render};
use crate::{
    api::{Api, links::Links},
    ga4gh::{
        registry::Error,
        service_info::{Service, ServiceType},
    },
};

/// Tells about the registry.
#[utoipa::path(
    get,
    path = "/service-info",
    tag = "registry",
    operation_id = "getServiceInfo",
    responses(
        (status = 200, description = "The registry", body = Service),
        (status = "default", description = "An error", body = Error),
    ),
)]
pub(super) async fn get_service_info(State(api): State<Api>, links: Links) -> Response {
    let service_type = ServiceType {
        group: "org.ga4gh".to_owned(),
        artifact: "service-registry".to_owned(),
        version: "1.0.0".to_owned(),
    };
    let id = format!("{}.registry", api.config.id);
    Public(StatusCode::OK, render::gateway(&api, &links, id, service_type)).into_response()
}
