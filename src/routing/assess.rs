//! Looks at one service: can it take the run now, and if not, why not?

use super::{Candidate, Excluded, Exclusion, Fit, Misfit, Standing, fit};
use crate::{
    domain::{CallerCredential, Needs, ServiceId},
    policy::{Denial, Permit},
    registry::{Listing, Mode, Reach, Snapshot},
    vitals::{CircuitState, Condition},
};

/// How deep dependencies of dependencies are followed; also ends circles.
const MAX_DEPTH: usize = 8;

/// What follows from the caller's naming a service.
#[derive(Debug)]
pub(super) struct Named<'a> {
    service: Option<&'a ServiceId>,
    /// Whether others may stand in for it: it is permitted, and could take the run at another moment.
    /// A service that the run may not go to, or that could never take it, is not replaced.
    replaceable: bool,
}

impl<'a> Named<'a> {
    pub(super) fn of(permit: &Permit, needs: &'a Needs, fleet: &Snapshot) -> Self {
        let mut named = Self { service: needs.service.as_ref(), replaceable: false };
        if let Some(listing) = named.service.and_then(|wanted| fleet.get(wanted)) {
            let could = match assess(needs, fleet, listing, &named) {
                Ok(_) => true,
                Err(why) => why.may_pass(),
            };
            named.replaceable = could && permit.admits(listing);
        }
        named
    }
}

/// How the service stands, or why it does not get the run.
pub(super) fn assess<'a>(
    needs: &Needs,
    fleet: &'a Snapshot,
    listing: &'a Listing,
    named: &Named<'_>,
) -> Result<Standing, Exclusion<'a>> {
    let is_named = named.service.is_some_and(|wanted| wanted == listing.id());
    let stands_in = match named.service {
        Some(wanted) if !is_named => {
            if !named.replaceable || !stands_in_for(listing, wanted, needs) {
                return Err(Exclusion::Misfit(Misfit::OtherService));
            }
            true
        }
        Some(_) | None => false,
    };
    let condition = takes_runs(needs, fleet, listing)?;
    Ok(Standing::of(listing, condition, is_named, stands_in))
}

/// Its condition, if it can take the run now.
fn takes_runs<'a>(
    needs: &Needs,
    fleet: &'a Snapshot,
    listing: &'a Listing,
) -> Result<Condition, Exclusion<'a>> {
    let offer = listing.offer();
    if let Some(offer) = offer {
        fit::check(needs, offer).map_err(Exclusion::Misfit)?;
    }
    if lacks_credential(needs, listing) {
        return Err(Exclusion::Credential);
    }
    match listing.mode() {
        Mode::Active => {}
        mode @ (Mode::Draining | Mode::Maintenance) => return Err(Exclusion::Mode(mode)),
    }
    match listing.reach() {
        Reach::Usable | Reach::Unknown => {}
        Reach::Unusable { .. } => return Err(Exclusion::Unusable),
        Reach::Unreachable { .. } => return Err(Exclusion::Unreachable),
    }
    match offer {
        None => return Err(Exclusion::NotAsked),
        Some(offer) if offer.closed.is_some() => return Err(Exclusion::Closed),
        Some(_) => {}
    }
    let condition = listing.vitals().condition();
    match condition.circuit {
        CircuitState::Closed => {}
        CircuitState::Open => return Err(Exclusion::CircuitOpen(condition.retry_in)),
        CircuitState::HalfOpen => return Err(Exclusion::CircuitHalfOpen),
    }
    match down_dependency(listing, fleet, MAX_DEPTH) {
        Some(on) => Err(Exclusion::Dependency(on)),
        None => Ok(condition),
    }
}

/// Whether the caller must first do something about a credential. One that was entered and cannot be shown
/// is not silently replaced by the gateway's.
fn lacks_credential(needs: &Needs, listing: &Listing) -> bool {
    match listing.service().caller_credential {
        CallerCredential::None => false,
        CallerCredential::Optional => {
            needs.own_credentials.get(listing.id()).is_some_and(Option::is_some)
        }
        CallerCredential::Required => needs.lack(listing.id()).is_some(),
    }
}

fn stands_in_for(listing: &Listing, wanted: &ServiceId, needs: &Needs) -> bool {
    let promises = &listing.service().stands_in_for;
    promises.iter().filter(|promise| promise.service == *wanted).any(|promise| {
        let panel = needs.imputation.as_ref().map(|imputation| &imputation.panel);
        promise.panels.is_empty()
            || panel
                .is_some_and(|panel| promise.panels.iter().any(|p| p.eq_ignore_ascii_case(panel)))
    })
}

/// A service that is down, and without which this one cannot work.
fn down_dependency<'a>(
    listing: &'a Listing,
    fleet: &'a Snapshot,
    depth: usize,
) -> Option<&'a ServiceId> {
    listing.depends_on().iter().find_map(|id| {
        let Some(other) = fleet.get(id) else { return Some(id) };
        let answers = matches!(other.reach(), Reach::Usable | Reach::Unknown);
        let closed = other.vitals().condition().circuit == CircuitState::Closed;
        if !answers || !closed || other.mode() == Mode::Maintenance {
            return Some(id);
        }
        if depth == 0 { None } else { down_dependency(other, fleet, depth - 1) }
    })
}

/// Why a candidate is not asked after all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PassedOver {
    /// It is no longer there.
    Gone,
    /// The run may no longer go there.
    Forbidden,
    /// It has as many submissions under way as it gets at a time.
    Full,
    /// It can no longer take the run, in words for people.
    Excluded(String),
}

/// Looks at a candidate once more, just before it is asked, as it stands by now. What was chosen when
/// the run arrived may be seconds old after another service was asked: services move, law and records
/// change, agreements end. `fresh` is what policy says now, and whatever it does not have is taken from
/// the permit of the decision for good; nothing is added to it.
pub fn recheck(
    permit: &mut Permit,
    fresh: Result<Permit, Denial>,
    needs: &Needs,
    fleet: &Snapshot,
    candidate: &Candidate,
) -> Result<Fit, PassedOver> {
    let listing = fleet.get(&candidate.service_id).ok_or(PassedOver::Gone)?;
    permit.narrow(&fresh.map_err(|_| PassedOver::Forbidden)?);
    if !permit.admits(listing) {
        return Err(PassedOver::Forbidden);
    }
    let excluded = |why| PassedOver::Excluded(Excluded { listing, why }.words(needs));
    if !takes_runs(needs, fleet, listing).map_err(excluded)?.has_place {
        return Err(PassedOver::Full);
    }
    let offer = listing.offer().ok_or_else(|| excluded(Exclusion::NotAsked))?;
    Ok(Fit::of(needs, offer))
}

impl std::fmt::Display for PassedOver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full => f.write_str("it gets no more submissions at a time"),
            Self::Gone => f.write_str("it is no longer part of the federation"),
            Self::Forbidden => f.write_str("the data may no longer go there"),
            Self::Excluded(why) => f.write_str(why),
        }
    }
}
