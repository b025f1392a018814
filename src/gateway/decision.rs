//! Why a run went where it went, as the ledger keeps it and its caller may read it.
//!
//! Bounded, however large the federation is: beyond [`MAX_TOLD`] services are counted and not listed.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{Needs, ServiceId},
    policy::Permit,
    registry::Snapshot,
    routing::{self, Draw, Excluded, Exclusion, Route, Standing, Tier},
};

/// As many services are listed with their reasons, for each kind of reason.
pub(super) const MAX_TOLD: usize = 100;

/// As many candidates are listed with what they were ranked by.
const MAX_RANKED: usize = 20;

/// Why a run went where it went. What came with a later version is missing in older decisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The rule of residency that was applied.
    pub rule: String,
    /// The epoch of the policies that were in force; 0 for the floor alone.
    #[serde(default)]
    pub policy_epoch: u64,
    /// The dataset that the run named.
    #[serde(default)]
    pub dataset: Option<String>,
    /// Whether the gateway may keep what belongs to the run: its parameters, its results and its logs.
    #[serde(default = "yes")]
    pub kept_here: bool,
    /// The services that could take the run, best first.
    pub candidates: Vec<String>,
    /// The permitted services that could not, and why.
    pub excluded: BTreeMap<String, String>,
    /// The services that policy forbade, and why.
    pub forbidden: BTreeMap<String, String>,
    /// Why the first candidate came first, in words.
    #[serde(default)]
    pub why: String,
    /// What the first candidates were ranked by, in their order.
    #[serde(default)]
    pub ranking: Vec<RankedService>,
    /// How many services were considered.
    #[serde(default)]
    pub considered: Option<Considered>,
}

/// What a candidate was ranked by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RankedService {
    /// The service.
    pub service: String,
    /// What counts first: `ready`, then `untried`, `stand_in`, `reserve` (its weight is 0) and `full`.
    pub tier: String,
    /// The tier in words, and for which service it stands in.
    pub why: String,
    /// The share that its operator gives it.
    pub weight: u32,
    /// Calls that were under way there.
    pub in_flight: u32,
    /// Calls that it gets at a time.
    pub max_in_flight: u32,
    /// How long its answers took of late.
    pub latency_ms: Option<u64>,
    /// The part of late calls that went well, from 0 to 1.
    pub success_rate: Option<f64>,
    /// How often its circuit opened of late.
    pub trips: u32,
    /// How hard it was to get a run through there: 1 for an idle, quick and sound service.
    pub burden: f64,
    /// Weight by burden: after the first candidate, more comes earlier.
    pub score: f64,
}

/// How many services were considered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Considered {
    /// All of the federation.
    pub services: usize,
    /// Those that policy forbade.
    pub forbidden: usize,
    /// Those that are permitted, and could not take the run.
    pub excluded: usize,
    /// Those that could.
    pub candidates: usize,
}

impl Decision {
    pub(super) fn of(
        permit: &Permit,
        needs: &Needs,
        fleet: &Snapshot,
        route: &Route<'_>,
        kept_here: bool,
    ) -> Self {
        let forbidden = permit.forbidden(fleet).take(MAX_TOLD);
        let candidates = route.candidates.len() + route.further;
        let considered = Considered {
            services: fleet.len(),
            forbidden: fleet.len() - permit.len(),
            excluded: route.excluded.len(),
            candidates,
        };
        let told = routing::told(&route.excluded, needs, MAX_TOLD).into_iter();
        let text = |id: &ServiceId| id.to_string();
        Self {
            rule: permit.rule().to_owned(),
            policy_epoch: permit.epoch(),
            kept_here,
            dataset: needs.dataset.as_ref().map(ToString::to_string),
            candidates: route.candidates.iter().map(|one| text(&one.service_id)).collect(),
            excluded: told.map(|(id, why)| (text(&id), why)).collect(),
            forbidden: forbidden.map(|one| (text(one.id()), one.words())).collect(),
            why: why(route, needs),
            ranking: route
                .candidates
                .iter()
                .take(MAX_RANKED)
                .map(|one| RankedService::of(&one.service_id, &one.standing, needs))
                .collect(),
            considered: Some(considered),
        }
    }
}

fn yes() -> bool {
    true
}

impl RankedService {
    fn of(id: &ServiceId, standing: &Standing, needs: &Needs) -> Self {
        let to_three_places = |number: f32| (f64::from(number) * 1000.0).round() / 1000.0;
        Self {
            service: id.to_string(),
            tier: word(standing.tier).to_owned(),
            why: words(standing, needs),
            weight: standing.weight,
            in_flight: standing.in_flight,
            max_in_flight: standing.max_in_flight,
            latency_ms: standing
                .latency
                .map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
            success_rate: standing.success_rate.map(to_three_places),
            trips: standing.trips,
            burden: to_three_places(standing.burden),
            score: to_three_places(standing.score()),
        }
    }
}

fn word(tier: Tier) -> &'static str {
    match tier {
        Tier::Ready => "ready",
        Tier::Untried => "untried",
        Tier::StandIn => "stand_in",
        Tier::Reserve => "reserve",
        Tier::Full => "full",
    }
}

/// A standing in words for people.
fn words(standing: &Standing, needs: &Needs) -> String {
    let tier = match standing.tier {
        Tier::Ready => "it can take the run",
        Tier::Untried => "nobody knows yet whether it is up",
        Tier::StandIn => "it can take the run",
        Tier::Reserve => "its weight is 0: only if nobody else can",
        Tier::Full => "it has as many calls under way as it gets at a time",
    };
    match &needs.service {
        Some(wanted) if standing.stands_in => format!("it stands in for `{wanted}`; {tier}"),
        Some(_) | None => tier.to_owned(),
    }
}

/// Why the first candidate came first.
fn why(route: &Route<'_>, needs: &Needs) -> String {
    let Some(first) = route.candidates.first() else { return String::new() };
    let (id, standing) = (&first.service_id, words(&first.standing, needs));
    match &route.draw {
        None if route.candidates.len() == 1 => {
            format!("`{id}` is the only service that can take the run: {standing}")
        }
        None => format!("`{id}` is the only one of its tier: {standing}"),
        Some(Draw { among, first, second, second_taken }) => {
            let ((a, a_burden), (b, b_burden)) = (first, second);
            let comparison = if *second_taken { "is clearly less" } else { "is not clearly less" };
            format!(
                "of {among} services of one tier ({standing}) the dice drew `{a}`, then `{b}`; the \
                 burden of `{b}`, {b_burden:.2}, {comparison} than that of `{a}`, {a_burden:.2}, and so \
                 `{id}` was taken"
            )
        }
    }
}

/// What a caller is told when no service can take a run: the reasons, and when it may be worth another try.
pub(super) fn unavailable(
    excluded: &[Excluded<'_>],
    needs: &Needs,
) -> (BTreeMap<ServiceId, String>, Option<Duration>) {
    let retry_in = excluded.iter().filter_map(|one| match one.why {
        Exclusion::CircuitOpen(retry_in) => retry_in,
        Exclusion::Misfit(_)
        | Exclusion::Credential
        | Exclusion::NotAsked
        | Exclusion::Unusable
        | Exclusion::Unreachable
        | Exclusion::Closed
        | Exclusion::Mode(_)
        | Exclusion::CircuitHalfOpen
        | Exclusion::Dependency(_) => None,
    });
    (routing::told(excluded, needs, MAX_TOLD).into_iter().collect(), retry_in.min())
}
