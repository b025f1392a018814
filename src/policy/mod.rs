//! Where a run may go at all.
//!
//! Pure: no async, no clock, no I/O. The permitted set is computed once and can only shrink; nothing
//! but [`evaluate`] makes a [`Permit`], and routing takes nothing else.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{Caller, Jurisdiction, Needs, ServiceId},
    registry::Snapshot,
};

/// Proof that residency was settled for one run. Only [`evaluate`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    services: BTreeSet<ServiceId>,
    rule: String,
    forbidden: BTreeMap<ServiceId, String>,
}

impl Permit {
    /// Whether the run may go there.
    pub fn allows(&self, id: &ServiceId) -> bool {
        self.services.contains(id)
    }

    /// The rule that made the set, in words for a data steward.
    pub fn rule(&self) -> &str {
        &self.rule
    }

    /// The services outside the set, and why, in words for a data steward.
    pub fn forbidden(&self) -> &BTreeMap<ServiceId, String> {
        &self.forbidden
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
    let rule = rule_of(&needs.origin);
    let mut services = BTreeSet::new();
    let mut forbidden = BTreeMap::new();
    for listing in fleet.services() {
        let jurisdiction = listing.service().jurisdiction;
        if needs.origin.is_empty() || needs.origin.contains(&jurisdiction) {
            services.insert(listing.id().clone());
        } else {
            let why = format!("it stands in {jurisdiction}, and {rule}");
            forbidden.insert(listing.id().clone(), why);
        }
    }
    if services.is_empty() {
        return Err(Denial { rule });
    }
    Ok(Permit { services, rule, forbidden })
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
