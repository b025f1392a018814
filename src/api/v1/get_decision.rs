//! `GET /api/v1/runs/{run_id}/decision`: why a run went where it went.

use std::collections::BTreeMap;

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Path,
        json::Private,
    },
    ga4gh::time,
    gateway::{self, Considered, RankedService},
    ledger,
};

/// Why a run went where it went.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Decision {
    /// Id of the run.
    run_id: String,
    /// The service that has the run, or may have it.
    service: Option<String>,
    /// Its id there.
    backend_run_id: Option<String>,
    /// The rule of residency that was applied.
    rule: String,
    /// The epoch of the policies that were in force: it counts the sets that were put in force, and 0 is
    /// none.
    policy_epoch: u64,
    /// The dataset that the run named.
    dataset: Option<String>,
    /// Whether the gateway keeps what belongs to the run: its parameters, its results and its logs.
    kept_here: bool,
    /// Why the first candidate came first, in words. Empty for runs from before it was kept.
    why: String,
    /// The services that could take the run, best first; at most 100.
    candidates: Vec<String>,
    /// What the first candidates were ranked by, in their order; at most 20.
    ranking: Vec<RankedService>,
    /// The permitted services that could not, and why; at most 100.
    excluded: BTreeMap<String, String>,
    /// The services that policy forbade, and why; at most 100.
    forbidden: BTreeMap<String, String>,
    /// How many services were considered, those included that are not listed here.
    considered: Option<Considered>,
    /// Every service that was asked, in order.
    attempts: Vec<Attempt>,
}

/// One time that a service was asked to take the run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Attempt {
    /// Which service.
    service: String,
    /// When it began.
    begun_at: Option<String>,
    /// When it ended.
    ended_at: Option<String>,
    /// `sending`, `placed`, `unavailable`, `refused` or `uncertain`.
    outcome: String,
    /// In words for people.
    detail: String,
}

/// Tells why one of the caller's runs went where it went.
#[utoipa::path(
    get,
    path = "/runs/{run_id}/decision",
    tag = "runs",
    params(("run_id" = String, Path, description = "Id of the run")),
    responses(
        (status = 200, description = "Why the run went where it went", body = Decision),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "The caller has no such run", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_decision(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    Path(run_id): Path<String>,
) -> Result<Private<Decision>> {
    let (entry, attempts) = api.gateway.decision(&caller, &run_id).await?;
    let stored: gateway::Decision = serde_json::from_str(&entry.decision)
        .map_err(|error| gateway::Error::Internal(Box::new(error)))?;
    Ok(Private(Decision {
        run_id: entry.run_id.to_string(),
        service: entry.service_id.map(|id| id.to_string()),
        backend_run_id: entry.backend_run_id.map(|id| id.to_string()),
        rule: stored.rule,
        policy_epoch: stored.policy_epoch,
        dataset: stored.dataset,
        kept_here: stored.kept_here,
        why: stored.why,
        candidates: stored.candidates,
        ranking: stored.ranking,
        excluded: stored.excluded,
        forbidden: stored.forbidden,
        considered: stored.considered,
        attempts: attempts.into_iter().map(Attempt::from).collect(),
    }))
}

impl From<ledger::Attempt> for Attempt {
    fn from(attempt: ledger::Attempt) -> Self {
        let at = |micros| Timestamp::from_microsecond(micros).ok().map(time::format);
        Self {
            service: attempt.service_id,
            begun_at: at(attempt.begun_at),
            ended_at: attempt.ended_at.and_then(at),
            outcome: attempt.outcome,
            detail: attempt.detail,
        }
    }
}
