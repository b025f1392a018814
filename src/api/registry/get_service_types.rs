//! `getServiceTypes`: the distinct types of what `getServices` lists.

use std::collections::BTreeSet;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};

use super::{Public, render};
use crate::{
    api::{Api, links::Links},
    ga4gh::{registry::Error, service_info::ServiceType},
};

/// Lists the types of the services that the registry lists.
#[utoipa::path(
    get,
    path = "/services/types",
    tag = "registry",
    operation_id = "getServiceTypes",
    responses(
        (status = 200, description = "The types, each once", body = Vec<ServiceType>),
        (status = "default", description = "An error", body = Error),
    ),
)]
pub(super) async fn get_service_types(State(api): State<Api>, links: Links) -> Response {
    let all = render::all(&api, &links, &api.federation.snapshot());
    let types: BTreeSet<_> = all.into_iter().map(|entry| entry.service.service_type).collect();
    Public(StatusCode::OK, types).into_response()
}
