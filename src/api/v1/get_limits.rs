//! `GET /api/v1/limits`: what each may ask for, and how much of it is used now.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        json::Private,
    },
    domain::Role,
    limit::{Limiter, Places, Policy},
    registry::Listing,
};

/// Most of those who used most of a limit that are told.
const BUSIEST: usize = 20;

/// The limits in force, as this replica knows them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Limits {
    /// `alone`: this gateway has no others beside it. `shared`: all replicas share the limits through Redis.
    /// `share`: this replica keeps to its own share, since there is no Redis, or it is away.
    mode: &'static str,
    /// Gateways that share the limits.
    replicas: u32,
    /// The limits.
    policies: Vec<LimitPolicy>,
    /// The places for submissions.
    submissions: SubmissionPlaces,
    /// What services let one user have, as they said themselves.
    learned: Vec<LearnedQuota>,
}

/// A limit: so much at once, and as much back in each window.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitPolicy {
    /// Its name, as in `RateLimit-Policy`.
    name: &'static str,
    /// How much there is.
    quota: u32,
    /// The time in which all of it comes back.
    window_ms: u64,
    /// The part of this replica while it keeps to it.
    share: u32,
    /// How much a replica takes from Redis at a time.
    lease: u32,
    /// By how much all replicas together may exceed the quota.
    error_bound: u32,
    /// For how many something is remembered.
    remembered: usize,
    /// Those who used most of it.
    busiest: Vec<LimitUse>,
}

/// What is left to one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitUse {
    /// The caller, institution, service or address.
    key: String,
    /// What is left.
    remaining: u32,
}

/// The places for submissions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SubmissionPlaces {
    /// How many there are.
    places: usize,
    /// How many of them one institution may hold.
    most: usize,
    /// How many are held.
    held: usize,
    /// Submissions that wait for one.
    waiting: usize,
    /// Who holds and waits, the greatest holders first.
    institutions: Vec<PlaceHolder>,
}

/// What an institution holds; a caller without one counts as one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlaceHolder {
    /// The institution, or the caller.
    name: String,
    /// Places that it holds.
    held: usize,
    /// Its submissions that wait for one.
    waiting: usize,
    /// How much it gets beside others, which have 1.
    weight: f64,
}

/// A quota that a service has by itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LearnedQuota {
    /// The service.
    service: String,
    /// Runs that one user may have there at once. More are not sent there.
    max_runs: u64,
}

/// Tells what each may ask for, and how much of it is used now.
#[utoipa::path(
    get,
    path = "/limits",
    tag = "limits",
    responses(
        (status = 200, description = "The limits in force", body = Limits),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_limits(
    State(api): State<Api>,
    caller: Authenticated,
) -> Result<Private<Limits>> {
    caller.require(&[Role::Operator])?;
    let limiter = api.gate.limiter();
    let policies: Vec<_> =
        limiter.policies().map(|(policy, known)| told(limiter, policy, known)).collect();
    let replicas = limiter.replicas();
    let fleet = api.federation.snapshot();
    Ok(Private(Limits {
        mode: match limiter.is_shared() {
            Some(true) => "shared",
            None if replicas == 1 => "alone",
            Some(false) | None => "share",
        },
        replicas,
        policies,
        submissions: places(api.gate.places()),
        learned: fleet.services().filter_map(learned).collect(),
    }))
}

fn told(limiter: &Limiter, policy: &Policy, remembered: usize) -> LimitPolicy {
    let busiest = limiter.busiest(policy.limit, BUSIEST).into_iter();
    LimitPolicy {
        name: policy.limit.name(),
        quota: policy.rate.quota,
        window_ms: u64::try_from(policy.rate.window.as_millis()).unwrap_or(u64::MAX),
        share: policy.share().quota,
        lease: policy.lease,
        error_bound: policy.error_bound(),
        remembered,
        busiest: busiest.map(|(key, remaining)| LimitUse { key, remaining }).collect(),
    }
}

fn places(places: &Places) -> SubmissionPlaces {
    let shares = places.shares();
    let holder = |share: crate::limit::Share| PlaceHolder {
        name: share.tenant,
        held: share.holds,
        waiting: share.waiting,
        weight: share.weight,
    };
    SubmissionPlaces {
        places: places.count(),
        most: places.most(),
        held: shares.iter().map(|share| share.holds).sum(),
        waiting: shares.iter().map(|share| share.waiting).sum(),
        institutions: shares.into_iter().take(BUSIEST).map(holder).collect(),
    }
}

fn learned(listing: &Listing) -> Option<LearnedQuota> {
    let max_runs = listing.offer()?.max_runs?;
    Some(LearnedQuota { service: listing.id().to_string(), max_runs })
}
