//! Chooses where a permitted run goes.
//!
//! Pure: reads one snapshot of the registry and never waits. Residency was settled before us; the
//! [`Permit`] in hand is the proof, so no jurisdiction is compared here.

mod fit;

use std::collections::BTreeMap;

use crate::{
    domain::{Needs, ReferencePanel, ServiceId},
    policy::Permit,
    registry::{Reach, Snapshot},
};

pub use self::fit::{Misfit, is_imputation};

/// Workflow type of the canonical imputation request.
pub const IMPUTATION: &str = "IMPUTATION";

/// Where a run goes: the first candidate, and the next ones if nothing was placed there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Services that can take the run, best first; never empty.
    pub candidates: Vec<Candidate>,
    /// The permitted services that cannot, and why, in words for people.
    pub excluded: BTreeMap<ServiceId, String>,
}

/// A service that can take the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which service.
    pub service_id: ServiceId,
    /// The workflow type as this service spells it.
    pub workflow_type: String,
    /// The reference panel as this service offers it, where the run imputes.
    pub panel: Option<ReferencePanel>,
    /// Protocols by which it fetches inputs itself.
    pub fetches: Vec<String>,
}

impl Candidate {
    /// Whether the service can fetch an input of this scheme itself.
    pub fn fetches(&self, scheme: &str) -> bool {
        self.fetches.iter().any(|protocol| protocol.eq_ignore_ascii_case(scheme))
    }
}

/// Why there is no route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRoute {
    /// No service could ever take this request: the request is wrong, in the words of the best fit.
    #[error("{0}")]
    Unfit(Misfit),
    /// The caller wants a service that is not there, or where the run may not go.
    #[error("no permitted service is called `{0}`")]
    UnknownService(ServiceId),
    /// Services could take it, but none can now. The reason stands per service.
    #[error("no service can take the run now")]
    Unavailable {
        /// The permitted services, and why each cannot.
        excluded: BTreeMap<ServiceId, String>,
    },
}

/// Chooses among the permitted services. Ready ones come before ones that were not asked yet.
pub fn choose(permit: &Permit, needs: &Needs, fleet: &Snapshot) -> Result<Route, NoRoute> {
    let mut ready = Vec::new();
    let mut untried = Vec::new();
    let mut excluded = BTreeMap::new();
    let mut misfits = Vec::new();
    let mut could_ever = false;

    for listing in fleet.services().filter(|listing| permit.allows(listing.id())) {
        let id = listing.id().clone();
        let Some(offer) = listing.offer() else {
            could_ever = true;
            excluded.insert(id, not_ready(listing.reach()));
            continue;
        };
        match fit::fit(needs, &id, offer) {
            Err(misfit) => {
                excluded.insert(id, misfit.to_string());
                misfits.push(misfit);
            }
            Ok(candidate) => match (listing.reach(), &offer.closed) {
                (Reach::Usable, None) => ready.push(candidate),
                (Reach::Unknown, None) => untried.push(candidate),
                (Reach::Usable | Reach::Unknown, Some(why)) => {
                    could_ever = true;
                    excluded.insert(id, format!("it takes no runs: {why}"));
                }
                (reach @ (Reach::Unusable { .. } | Reach::Unreachable { .. }), _) => {
                    could_ever = true;
                    excluded.insert(id, not_ready(reach));
                }
            },
        }
    }

    ready.append(&mut untried);
    match misfits.into_iter().max_by_key(Misfit::closeness) {
        _ if !ready.is_empty() => Ok(Route { candidates: ready, excluded }),
        Some(Misfit::OtherService(wanted)) if !could_ever => Err(NoRoute::UnknownService(wanted)),
        Some(misfit) if !could_ever => Err(NoRoute::Unfit(misfit)),
        _ => Err(NoRoute::Unavailable { excluded }),
    }
}

fn not_ready(reach: &Reach) -> String {
    match reach {
        Reach::Unknown | Reach::Usable => "it was not asked yet what it offers".to_owned(),
        Reach::Unusable { why } => format!("it answers, but cannot be used: {why}"),
        Reach::Unreachable { why } => format!("it does not answer: {why}"),
    }
}

#[cfg(test)]
mod tests;
