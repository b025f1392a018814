//! Our own API, beside the GA4GH ones.

mod alerts;
mod audit;
mod discovery;
mod events;
mod get_decision;
mod get_limits;
mod health;
mod nodes;
mod panels;
mod services;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::Api;

/// Where it begins.
pub(super) const BASE: &str = "/api/v1";

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(get_decision::get_decision))
        .routes(routes!(get_limits::get_limits))
        .routes(routes!(events::listen::listen))
        .routes(routes!(events::websocket::open_websocket))
        .merge(alerts::routes())
        .merge(audit::routes())
        .merge(discovery::routes())
        .merge(panels::routes())
        .merge(health::routes())
        .merge(nodes::routes())
        .merge(services::routes())
}
