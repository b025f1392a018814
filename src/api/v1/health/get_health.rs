//! `GET /api/v1/services/{service_id}/health`: how a service is doing.

use axum::extract::State;
use jiff::SignedDuration;
use serde::Serialize;
use utoipa::ToSchema;

use super::{millis, named};
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Path,
        json::Private,
    },
    ga4gh::time,
    health,
    registry::{Listing, Reach},
};

/// How a service is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// Id of the service.
    service: String,
    /// `up`, `degraded`, `down`, `maintenance`, `draining` or `unknown`.
    state: &'static str,
    /// Since when it is so.
    since: String,
    /// Why, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// `active`, `draining` or `maintenance`, as its operator decided.
    mode: &'static str,
    /// Whether it answers; absent until it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    reachable: Option<bool>,
    /// Whether it can be used with the gateway's credential; absent while it does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    usable: Option<bool>,
    /// Since when both are so.
    reach_since: String,
    /// When it was last asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_at: Option<String>,
    /// What its circuit allows.
    circuit: Circuit,
    /// Moving average of how long it takes to answer, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<f64>,
    /// Calls under way.
    in_flight: u32,
    /// Calls that it gets at a time.
    max_in_flight: u32,
    /// Share of the last calls that succeeded, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    success_rate: Option<f32>,
    /// How many calls that is the share of.
    samples: u32,
}

/// What the circuit of a service allows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Circuit {
    /// `closed`: calls flow; `open`: none does; `half_open`: one does, and decides.
    state: &'static str,
    /// Since when.
    since: String,
    /// Why it is not closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// When an open circuit lets a call through.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
    /// How often it opened lately.
    trips: u32,
}

/// Tells how a service is doing at this very moment, without asking it.
#[utoipa::path(
    get,
    path = "/services/{service_id}/health",
    tag = "health",
    params(("service_id" = String, Path, description = "Id of the service")),
    responses(
        (status = 200, description = "How the service is doing", body = Health),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "There is no such service", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_health(
    State(api): State<Api>,
    _caller: Authenticated,
    Path(id): Path<String>,
) -> Result<Private<Health>> {
    let id = named(&id)?;
    let fleet = api.health.listed(&id)?;
    let listing = fleet.get(&id).ok_or(health::Error::UnknownService)?;
    Ok(Private(Health::of(listing, api.health.now())))
}

impl Health {
    fn of(listing: &Listing, now: jiff::Timestamp) -> Self {
        let state = listing.state();
        let condition = listing.vitals().condition();
        let phase = listing.vitals().phase();
        let retry_at = condition.retry_in.map(|wait| {
            let wait = SignedDuration::try_from(wait).unwrap_or_default();
            time::format(now.checked_add(wait).unwrap_or(now))
        });
        let (reachable, usable) = match listing.reach() {
            Reach::Unknown => (None, None),
            Reach::Usable => (Some(true), Some(true)),
            Reach::Unusable { .. } => (Some(true), Some(false)),
            Reach::Unreachable { .. } => (Some(false), None),
        };
        Self {
            service: listing.id().to_string(),
            state: state.word.as_str(),
            since: time::format(state.since),
            why: state.why,
            mode: listing.record().mode.as_str(),
            reachable,
            usable,
            reach_since: time::format(listing.reach_since()),
            checked_at: listing.checked_at().map(time::format),
            circuit: Circuit {
                state: phase.circuit.as_str(),
                since: time::format(listing.wall_time(phase.since)),
                why: phase.why.map(|why| why.to_string()),
                retry_at,
                trips: condition.trips,
            },
            latency_ms: condition.latency.map(millis),
            in_flight: condition.in_flight,
            max_in_flight: condition.max_in_flight,
            success_rate: condition.success_rate,
            samples: condition.samples,
        }
    }
}
