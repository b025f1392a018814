//! A federated service as its operator describes it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use url::Url;

use super::{CallerCredential, Jurisdiction, ServiceId};

/// The record of a service: what an operator says. What the service says itself is its `Offer`.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Id in the federation.
    pub id: ServiceId,
    /// Which adapter speaks to it; the names stand in `backend::build`.
    pub kind: String,
    /// Name for people.
    pub name: String,
    /// What it is, in words for people.
    pub description: Option<String>,
    /// Base URL, as its operator gives it.
    pub url: Url,
    /// Under whose law it stands. Services never say so themselves.
    pub jurisdiction: Jurisdiction,
    /// Under whose law its legal controller stands, where that is another one.
    pub controller_jurisdiction: Option<Jurisdiction>,
    /// What it is certified for, such as `ISO 27001`, as its operator vouches.
    pub certifications: BTreeSet<String>,
    /// Who runs it: name and home page.
    pub organization: Option<(String, String)>,
    /// Whom to ask about it: a URL or `mailto:`.
    pub contact_url: Option<String>,
    /// How much of the work it should get beside services that could do the same: twice the weight,
    /// twice the share. 0 means only if nobody else can.
    pub weight: u32,
    /// Calls that it gets at a time; unset, the gateway's own bound.
    pub max_in_flight: Option<usize>,
    /// Services without which it cannot work: while one of them is down, it gets no runs.
    pub depends_on: Vec<ServiceId>,
    /// Services for which it stands in while they cannot take a run.
    pub stands_in_for: Vec<StandIn>,
    /// Whether it is shown the credentials of callers for their runs.
    pub caller_credential: CallerCredential,
    /// Settings that only its adapter reads.
    pub settings: Map<String, Value>,
}

/// A promise to stand in for another service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// For which service.
    pub service: ServiceId,
    /// For runs against these reference panels only; empty, for every run.
    pub panels: Vec<String>,
}

impl Service {
    /// Whether it is the same server under the same law as another record says.
    pub fn is_in_place_of(&self, other: &Self) -> bool {
        (&self.kind, &self.url, self.jurisdiction) == (&other.kind, &other.url, other.jurisdiction)
    }

    /// The share of a service of which its operator says nothing.
    pub const DEFAULT_WEIGHT: u32 = 100;

    /// A service of which nothing is known but what must be.
    pub fn new(id: ServiceId, kind: &str, url: Url, jurisdiction: Jurisdiction) -> Self {
        Self {
            kind: kind.to_owned(),
            name: id.to_string(),
            description: None,
            url,
            jurisdiction,
            controller_jurisdiction: None,
            certifications: BTreeSet::new(),
            organization: None,
            contact_url: None,
            weight: Self::DEFAULT_WEIGHT,
            max_in_flight: None,
            depends_on: Vec::new(),
            stands_in_for: Vec::new(),
            caller_credential: CallerCredential::None,
            settings: Map::new(),
            id,
        }
    }

    /// Under whose law its legal controller stands.
    pub fn controller(&self) -> Jurisdiction {
        self.controller_jurisdiction.unwrap_or(self.jurisdiction)
    }
}
