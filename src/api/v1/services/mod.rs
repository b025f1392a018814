//! The services of the federation, as their operators and users see them.

mod compare;
mod create_service;
mod export_services;
mod filter;
mod get_service;
mod import_services;
mod list_panels;
mod list_services;
mod remove_service;
mod replace_service;
mod set_mode;
mod view;

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::view::ServiceView;
use crate::{
    api::{
        Api,
        error::{ApiError, Result},
        etag::etag,
        extract::Path,
        json::Private,
    },
    domain::{Caller, Role, ServiceId},
    registry::Record,
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_services::list_services, create_service::create_service))
        .routes(routes!(export_services::export_services))
        .routes(routes!(import_services::import_services))
        .routes(routes!(
            get_service::get_service,
            replace_service::replace_service,
            remove_service::remove_service
        ))
        .routes(routes!(set_mode::set_mode))
        .routes(routes!(compare::compare))
        .routes(routes!(list_panels::list_service_panels))
}

/// The service that a path names. What is no id names no service.
#[derive(Debug)]
pub(in crate::api) struct NamedService(pub(in crate::api) ServiceId);

impl FromRequestParts<Api> for NamedService {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self> {
        let Path(text) = Path::<String>::from_request_parts(parts, api).await?;
        let id: ServiceId = text.parse().map_err(|_| unknown_service(&text))?;
        Ok(Self(id))
    }
}

pub(in crate::api) fn unknown_service(id: &str) -> ApiError {
    let shown: String = id.chars().take(64).collect();
    ApiError::new(
        axum::http::StatusCode::NOT_FOUND,
        "unknown_service_id",
        format!("there is no service `{shown}`"),
    )
}

/// Those who may change services.
const OPERATORS: &[Role] = &[Role::Operator];

/// Whether a caller sees how a service is set up.
fn sees_settings(caller: &Caller) -> bool {
    caller.roles.contains(&Role::Operator) || caller.roles.contains(&Role::NodeOperator)
}

/// A service after a change, with its new version.
fn written(api: &Api, record: &Record) -> Response {
    let version: (HeaderName, HeaderValue) = (header::ETAG, etag(record.version));
    let snapshot = api.federation.snapshot();
    // A dry run of a new service leaves nothing to look up.
    let view = match snapshot.get(record.id()).filter(|l| l.record().version == record.version) {
        Some(listing) => ServiceView::of(listing, true),
        None => ServiceView::of_record(record),
    };
    ([version], Private(view)).into_response()
}
