//! `GET /api/v1/services/{service_id}/trends`: how the health of a service adds up.

use axum::extract::State;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{IncidentView, get_health_history::PeriodView, named};
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        extract::{Path, Query},
        json::Private,
    },
    ga4gh::time::format,
    health::{Period, Resolution},
};

/// Over which time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrendsQuery {
    /// `24h`, `7d`, `30d` or `90d`; `24h` unless set.
    window: Option<String>,
}

/// How the health of a service adds up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trends {
    /// Id of the service.
    service: String,
    /// The window.
    window: String,
    /// When it began, down to the hour.
    from: String,
    /// All of it, drawn together.
    #[serde(flatten)]
    period: PeriodView,
    /// The times in which it was down, newest first: at most the last 200.
    incidents: Vec<IncidentView>,
}

/// Tells how available and how fast a service was, and when and why it was down.
#[utoipa::path(
    get,
    path = "/services/{service_id}/trends",
    tag = "health",
    params(("service_id" = String, Path, description = "Id of the service"), TrendsQuery),
    responses(
        (status = 200, description = "How its health adds up", body = Trends),
        (status = 400, description = "No such window", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "There is no such service", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_trends(
    State(api): State<Api>,
    _caller: Authenticated,
    Path(id): Path<String>,
    Query(query): Query<TrendsQuery>,
) -> Result<Private<Trends>> {
    let id = named(&id)?;
    api.health.listed(&id)?;
    let window = query.window.unwrap_or_else(|| "24h".to_owned());
    let hours = match window.as_str() {
        "24h" => 24,
        "7d" => 7 * 24,
        "30d" => 30 * 24,
        "90d" => 90 * 24,
        _ => {
            let msg = "window is 24h, 7d, 30d or 90d";
            return Err(ApiError::bad_request("bad_window", msg));
        }
    };
    let now = api.health.now();
    let from = now.checked_sub(SignedDuration::from_hours(hours)).unwrap_or(now);
    let history = api.health.history();
    let end = now.checked_add(SignedDuration::from_secs(1)).unwrap_or(now);
    let periods = history.periods(&id, from, end, Resolution::Hour, now).await?;
    let mut all = Period::default();
    for (_, period) in &periods {
        all.merge(period);
    }
    let incidents = history.incidents(&id, from).await?;
    Ok(Private(Trends {
        service: id.to_string(),
        window,
        from: format(periods.first().map_or(from, |(start, _)| (*start).max(from))),
        period: PeriodView::of(&all),
        incidents: incidents.into_iter().map(IncidentView::from).collect(),
    }))
}
