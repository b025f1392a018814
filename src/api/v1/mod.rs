//! Our own API, beside the GA4GH ones.

mod alerts;
mod discovery;
mod get_decision;
mod panels;
mod services;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::Api;

/// Where it begins.
pub(super) const BASE: &str = "/api/v1";

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(get_decision::get_decision))
        .merge(alerts::routes())
        .merge(discovery::routes())
        .merge(panels::routes())
        .merge(services::routes())
}
