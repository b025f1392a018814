//! Where a run may go at all.
//!
//! Pure: no async, no clock, no I/O. The permitted set is computed once and can only shrink; nothing
//! but [`evaluate`] makes a [`Permit`], and routing takes nothing else.

use std::collections::BTreeSet;

use crate::{
    domain::{Caller, Jurisdiction, Needs, ServiceId},
    registry::{Listing, Snapshot},
};

/// Proof that residency was settled for one run. Only [`evaluate`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    /// In the order of ids.
    services: Vec<ServiceId>,
    origin: BTreeSet<Jurisdiction>,
    rule: String,
    /// In the order of ids, with the law under which each stands.
    forbidden: Vec<(ServiceId, Jurisdiction)>,
}

impl Permit {
    /// Whether the run may go there.
    pub fn allows(&self, id: &ServiceId) -> bool {
        self.services.binary_search(id).is_ok()
    }

    /// Whether the run may still go there, as the service stands now: it may have moved under another
    /// law since the permit was made, and a permit only shrinks.
    pub fn admits(&self, listing: &Listing) -> bool {
        lawful(&self.origin, listing.service().jurisdiction) && self.allows(listing.id())
    }

    /// The services of a fleet where the run may go, in the order of ids. The fleet may be a later one
    /// than the permit was made of: services that came since are not among them.
    pub fn permitted<'a>(&'a self, fleet: &'a Snapshot) -> impl Iterator<Item = &'a Listing> {
        // Both are in order, so that one walk along both finds what a search per service would.
        let mut allowed = self.services.as_slice();
        fleet.services().filter(move |listing| {
            while let [first, rest @ ..] = allowed {
                // Mostly the very same id, which is quick to see; only then compared as text.
                if first == listing.id() {
                    allowed = rest;
                    return lawful(&self.origin, listing.service().jurisdiction);
                }
                if first > listing.id() {
                    return false;
                }
                allowed = rest;
            }
            false
        })
    }

    /// How many services are in the set.
    pub fn len(&self) -> usize {
        self.services.len()
    }

    /// Whether no service is in the set: never, since that is a [`Denial`].
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// The rule that made the set, in words for a data steward.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The services outside the set in the order of ids, and why, in words for a data steward. The words
    /// are made as they are read.
    pub fn forbidden(&self) -> impl ExactSizeIterator<Item = (&ServiceId, String)> {
        self.forbidden.iter().map(|(id, jurisdiction)| {
            (id, format!("it stands in {jurisdiction}, and {}", self.rule))
        })
    }
}

/// No service is permitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no service may take these data: {rule}")]
pub struct Denial {
    /// The rule that forbade it, in words for people.
    pub rule: String,
}

/// Settles where a run may go. Data with a stated origin may go only to services under the law of one
/// of its countries; a caller who states none leaves the choice to the federation's operator.
pub fn evaluate(_caller: &Caller, needs: &Needs, fleet: &Snapshot) -> Result<Permit, Denial> {
    let mut services = Vec::with_capacity(fleet.len());
    let mut forbidden = Vec::new();
    for listing in fleet.services() {
        let jurisdiction = listing.service().jurisdiction;
        if lawful(&needs.origin, jurisdiction) {
            services.push(listing.id().clone());
        } else {
            forbidden.push((listing.id().clone(), jurisdiction));
        }
    }
    let rule = rule_of(&needs.origin);
    if services.is_empty() {
        return Err(Denial { rule });
    }
    Ok(Permit { services, origin: needs.origin.clone(), rule, forbidden })
}

fn lawful(origin: &BTreeSet<Jurisdiction>, jurisdiction: Jurisdiction) -> bool {
    origin.is_empty() || origin.contains(&jurisdiction)
}

fn rule_of(origin: &BTreeSet<Jurisdiction>) -> String {
    if origin.is_empty() {
        return "the data have no stated origin".to_owned();
    }
    let countries: Vec<_> = origin.iter().map(Jurisdiction::as_str).collect();
    format!("the data may stay only in {}", countries.join(", "))
}

#[cfg(test)]
mod tests;
