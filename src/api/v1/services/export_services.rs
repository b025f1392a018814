//! `GET /api/v1/services/export`: all services in one file.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::OPERATORS;
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        json::Private,
    },
    federation::Import,
};

/// All services in one file, which can be imported again. TOML if `Accept` asks for `application/toml`,
/// else JSON. Credentials are no part of it.
#[utoipa::path(
    get,
    path = "/services/export",
    tag = "services",
    responses(
        (status = 200, description = "All services", body = Import),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn export_services(
    State(api): State<Api>,
    caller: Authenticated,
    headers: HeaderMap,
) -> Result<Response> {
    caller.require(OPERATORS)?;
    let export = api.federation.export();
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if !accepted.is_some_and(|accepted| accepted.contains("toml")) {
        return Ok(Private(export).into_response());
    }
    let text = toml::to_string_pretty(&export).map_err(|error| ApiError::internal(&error))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/toml")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    Ok((headers, text).into_response())
}
