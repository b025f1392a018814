//! `GET /api/v1/alerts/{id}`: one alert, and who was told.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    READERS,
    alert::{Alert, Delivery},
};
use crate::api::{
    Api,
    caller::Authenticated,
    error::{ErrorResponse, Result},
    extract::Path,
    json::Private,
};

/// One alert, and who was told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertDetails {
    /// The alert.
    #[serde(flatten)]
    alert: Alert,
    /// The messages about it, in the order in which they are sent.
    deliveries: Vec<Delivery>,
}

/// Tells one alert, and what came of the messages about it.
#[utoipa::path(
    get,
    path = "/alerts/{id}",
    tag = "alerts",
    params(("id" = String, Path, description = "Id of the alert")),
    responses(
        (status = 200, description = "The alert", body = AlertDetails),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller has no role that may see alerts", body = ErrorResponse),
        (status = 404, description = "There is no such alert", body = ErrorResponse),
        (status = 500, description = "The gateway failed", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_alert(
    State(api): State<Api>,
    caller: Authenticated,
    Path(id): Path<String>,
) -> Result<Private<AlertDetails>> {
    caller.require(READERS)?;
    let (alert, deliveries) = api.alerts.get(&id).await?;
    let deliveries = deliveries.into_iter().map(Delivery::from).collect();
    Ok(Private(AlertDetails { alert: alert.into(), deliveries }))
}
