//! GA4GH Service Registry 1.0.0: the live services and the gateway's own WES. Public, as GA4GH counts
//! service metadata, and for any origin.

mod get_service_by_id;
mod get_service_info;
mod get_service_types;
mod get_services;
mod render;

use axum::{
    Json, Router,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Api;
use crate::ga4gh::registry::Error;

/// Where the registry begins.
pub(super) const BASE: &str = "/ga4gh/registry/v1";

/// Where DNAstack's client looks for a registry when it is given a host.
const ALIAS: &str = "/service-registry";

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(get_services::get_services))
        .routes(routes!(get_service_types::get_service_types))
        .routes(routes!(get_service_by_id::get_service_by_id))
        .routes(routes!(get_service_info::get_service_info))
}

/// The same routes where some clients look for them.
pub(super) fn aliases() -> Router<Api> {
    Router::new()
        .route(&format!("{ALIAS}/services"), get(get_services::get_services))
        .route(&format!("{ALIAS}/services/types"), get(get_service_types::get_service_types))
        .route(
            &format!("{ALIAS}/services/{{service_id}}"),
            get(get_service_by_id::get_service_by_id),
        )
        .route(&format!("{ALIAS}/service-info"), get(get_service_info::get_service_info))
}

/// An answer that anybody may read, also a page of another origin.
struct Public<T>(StatusCode, T);

impl<T: Serialize> IntoResponse for Public<T> {
    fn into_response(self) -> Response {
        let mut response = (self.0, Json(self.1)).into_response();
        let any = HeaderValue::from_static("*");
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
        response
    }
}

fn not_found() -> Response {
    let error = Error {
        status: 404,
        title: "unknown service".to_owned(),
        detail: Some("there is no service of this id in the registry".to_owned()),
    };
    Public(StatusCode::NOT_FOUND, error).into_response()
}
