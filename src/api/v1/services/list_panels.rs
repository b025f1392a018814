//! `GET /api/v1/services/{service_id}/panels`: which panels a service offers and once offered.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Path,
        json::Private,
        v1::panels::Holding,
    },
    ga4gh::time,
};

/// The panels of a service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServicePanels {
    /// Which service.
    service: String,
    /// Its state: `up`, `degraded`, `down`, `maintenance`, `draining` or `unknown`.
    service_state: String,
    /// When it last told what it offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_at: Option<String>,
    /// What it offers, and after that what it once offered.
    panels: Vec<ServicePanel>,
}

/// A panel of a service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServicePanel {
    /// Id of the panel in the federation.
    panel: String,
    #[serde(flatten)]
    holding: Holding,
}

/// Lists what a service offers, since when, and what it offers no more.
#[utoipa::path(
    get,
    path = "/services/{service_id}/panels",
    tag = "services",
    params(("service_id" = String, Path, description = "Id of the service")),
    responses(
        (status = 200, description = "Its panels", body = ServicePanels),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "There is no such service", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn list_service_panels(
    State(api): State<Api>,
    _caller: Authenticated,
    Path(service_id): Path<String>,
) -> Result<Private<ServicePanels>> {
    let shelf = api.panels.of_service(&service_id)?;
    let panels = shelf.panels.into_iter().map(|(panel, holder)| ServicePanel {
        panel: panel.to_string(),
        holding: Holding::of(holder),
    });
    Ok(Private(ServicePanels {
        service: shelf.service.to_string(),
        service_state: shelf.state.to_owned(),
        seen_at: shelf.seen_at.map(time::format),
        panels: panels.collect(),
    }))
}
