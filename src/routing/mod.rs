//! Chooses where a permitted run goes.
//!
//! Pure: reads one snapshot of the registry and never waits. Residency was settled before us; the
//! [`Permit`] in hand is the proof, so no jurisdiction is compared here. Chance is handed in.

mod assess;
mod dice;
mod exclusion;
mod fit;
mod standing;

use fastrand::Rng;

pub use self::{
    assess::{PassedOver, recheck},
    dice::Draw,
    exclusion::{Excluded, Exclusion, told},
    fit::{Fit, Misfit, is_imputation},
    standing::{Standing, Tier},
};
use crate::{
    domain::{Needs, ServiceId},
    policy::Permit,
    registry::{Listing, Snapshot},
};

/// Workflow type of the canonical imputation request.
pub const IMPUTATION: &str = "IMPUTATION";

/// As many candidates are told and tried at most; the others are counted.
pub const MAX_CANDIDATES: usize = 100;

/// Where a run goes: the first candidate, and the next ones if nothing was placed there.
#[derive(Debug, Clone)]
pub struct Route<'a> {
    /// Services that can take the run, the chosen one first; never empty.
    pub candidates: Vec<Candidate>,
    /// How many more there are.
    pub further: usize,
    /// What the dice said, if there was a choice.
    pub draw: Option<Draw<'a>>,
    /// The permitted services that cannot, and why.
    pub excluded: Vec<Excluded<'a>>,
}

/// A service that can take the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Which service.
    pub service_id: ServiceId,
    /// How it stands beside the others.
    pub standing: Standing,
}

/// Why there is no route.
#[derive(Debug, Clone)]
pub enum NoRoute<'a> {
    /// No service could ever take this request: the request is wrong.
    Unfit {
        /// How it misses the service that it fits best.
        misfit: Misfit,
        /// In words for people.
        message: String,
    },
    /// The caller wants a service that is not there, or where the run may not go.
    UnknownService(ServiceId),
    /// Services could take it, but the caller must first enter a credential of their own, or renew it: the
    /// permitted ones, and why each cannot.
    Credential(Vec<Excluded<'a>>),
    /// Services could take it, but none can now: the permitted ones, and why each cannot.
    Unavailable(Vec<Excluded<'a>>),
}

/// A candidate while it is compared.
#[derive(Debug)]
struct Ranked<'a> {
    listing: &'a Listing,
    standing: Standing,
    /// Where it stands; a lot parts those that are as good as the same, so that they are not always asked
    /// in one order.
    rank: u64,
}

/// Chooses among the permitted services. The same dice on the same fleet choose the same.
pub fn choose<'a>(
    permit: &'a Permit,
    needs: &'a Needs,
    fleet: &'a Snapshot,
    dice: &mut Rng,
) -> Result<Route<'a>, NoRoute<'a>> {
    let mut ranked = Vec::with_capacity(permit.len());
    let mut excluded = Vec::with_capacity(permit.len());
    let named = assess::Named::of(permit, needs, fleet);
    for listing in permit.permitted(fleet) {
        match assess::assess(needs, fleet, listing, &named) {
            Ok(standing) => {
                let rank = standing.rank(dice.u32(..));
                ranked.push(Ranked { listing, standing, rank });
            }
            Err(why) => excluded.push(Excluded { listing, why }),
        }
    }
    let Some(tier) = ranked.iter().map(|one| one.standing.tier).min() else {
        return Err(no_route(needs, excluded));
    };
    let (chosen, draw) = dice::draw(&ranked, tier, dice);
    let chosen = ranked.swap_remove(chosen);
    let further = keep_best(&mut ranked, MAX_CANDIDATES - 1);
    let candidates = std::iter::once(chosen)
        .chain(ranked)
        .map(|one| Candidate { service_id: one.listing.id().clone(), standing: one.standing });
    Ok(Route { candidates: candidates.collect(), further, draw, excluded })
}

/// Brings the best into order and drops the others. Says how many were dropped.
fn keep_best(ranked: &mut Vec<Ranked<'_>>, limit: usize) -> usize {
    let further = ranked.len().saturating_sub(limit);
    if further > 0 {
        ranked.select_nth_unstable_by_key(limit, |one| one.rank);
        ranked.truncate(limit);
    }
    ranked.sort_unstable_by_key(|one| one.rank);
    further
}

fn no_route<'a>(needs: &Needs, excluded: Vec<Excluded<'a>>) -> NoRoute<'a> {
    let misfit = |one: &Excluded<'_>| match one.why {
        Exclusion::Misfit(misfit) => Some(misfit),
        _ => None,
    };
    let closest = excluded.iter().max_by_key(|one| misfit(one));
    match (closest.and_then(|one| Some((one, misfit(one)?))), &needs.service) {
        _ if excluded.iter().any(|one| one.why.may_pass()) => NoRoute::Unavailable(excluded),
        _ if excluded.iter().any(|one| one.why == Exclusion::Credential) => {
            NoRoute::Credential(excluded)
        }
        (Some((_, Misfit::OtherService)), Some(wanted)) => NoRoute::UnknownService(wanted.clone()),
        (Some((one, misfit)), _) => NoRoute::Unfit { misfit, message: one.words(needs) },
        (None, _) => NoRoute::Unavailable(excluded),
    }
}

#[cfg(test)]
mod tests;
