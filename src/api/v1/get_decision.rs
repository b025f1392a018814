//! `GET /api/v1/runs/{run_id}/decision`: why a run went where it went.

use std::collections::BTreeMap;

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
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
    /// The services that could take the run, best first.
    candidates: Vec<String>,
    /// The permitted services that could not, and why.
    excluded: BTreeMap<String, String>,
    /// The services that policy forbade, and why.
    forbidden: BTreeMap<String, String>,
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

#[derive(Deserialize)]
struct Stored {
    rule: String,
    candidates: Vec<String>,
    excluded: BTreeMap<String, String>,
    forbidden: BTreeMap<String, String>,
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
    let stored: Stored = serde_json::from_str(&entry.decision)
        .map_err(|error| crate::gateway::Error::Internal(Box::new(error)))?;
    Ok(Private(Decision {
        run_id: entry.run_id.to_string(),
        service: entry.service_id.map(|id| id.to_string()),
        backend_run_id: entry.backend_run_id.map(|id| id.to_string()),
        rule: stored.rule,
        candidates: stored.candidates,
        excluded: stored.excluded,
        forbidden: stored.forbidden,
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
