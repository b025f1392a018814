//! How a service is doing, how it was, and how that adds up.

mod get_health;
mod get_health_history;
mod get_trends;

use axum::http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::{
        Api,
        error::{ApiError, Result},
    },
    domain::ServiceId,
    health::Incident,
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(get_health::get_health))
        .routes(routes!(get_health_history::get_health_history))
        .routes(routes!(get_trends::get_trends))
}

/// The service that a path names. What is no id names no service.
fn named(text: &str) -> Result<ServiceId> {
    text.parse().map_err(|_| {
        ApiError::new(StatusCode::NOT_FOUND, "unknown_service_id", "there is no such service")
    })
}

fn millis(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e5).round() / 100.0
}

/// A time in which a service was down.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(crate) struct IncidentView {
    /// Its id.
    id: String,
    /// Since when.
    since: String,
    /// Until when; absent while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// Why, as it was seen first.
    why: String,
}

impl From<Incident> for IncidentView {
    fn from(incident: Incident) -> Self {
        Self {
            id: incident.id,
            since: crate::ga4gh::time::format(incident.since),
            until: incident.until.map(crate::ga4gh::time::format),
            why: incident.why,
        }
    }
}
