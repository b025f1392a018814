//! A service as its users see it: what its operator says, what it says itself, and how it is doing.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Map;
use utoipa::ToSchema;

use crate::{
    domain::Offer,
    federation::ServiceDocument,
    ga4gh::time,
    registry::{Listing, Record},
};

/// A service as its users see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServiceView {
    #[serde(flatten)]
    document: ServiceDocument,
    /// Who wrote the record: `configuration`, `operator` or `node`.
    source: &'static str,
    /// `active`, `draining` or `maintenance`, as an operator decided.
    mode: &'static str,
    /// Why the mode is what it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    mode_note: String,
    /// Counts the changes of the record; the `ETag` of the service.
    version: i64,
    created_at: String,
    updated_at: String,
    /// How it is doing.
    condition: Option<Condition>,
    /// What it offers, once it was asked.
    offer: Option<OfferView>,
}

/// How a service is doing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Condition {
    /// `up`, `degraded`, `down`, `maintenance`, `draining` or `unknown`.
    state: &'static str,
    /// Since when.
    since: String,
    /// Why it is not up.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// When it was last asked.
    checked_at: Option<String>,
    /// `closed`, `open` or `half_open`; calls go through a closed one.
    circuit: &'static str,
    /// Moving average of the time that its answers take, in milliseconds.
    latency_ms: Option<u64>,
    /// Calls under way.
    in_flight: u32,
}

/// What a service offers, in its own words.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OfferView {
    /// Version of its software.
    version: Option<String>,
    /// Workflow types and the versions of each.
    workflow_types: BTreeMap<String, Vec<String>>,
    /// Engines and the versions of each.
    engines: BTreeMap<String, Vec<String>>,
    /// Protocols by which it fetches inputs.
    protocols: Vec<String>,
    /// Ids of its reference panels.
    panels: Vec<String>,
    /// Why it takes no runs at the moment, in its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<String>,
}

impl ServiceView {
    /// A service; with its settings only for those who run services.
    pub(super) fn of(listing: &Listing, with_settings: bool) -> Self {
        let mut view = Self::of_record(listing.record());
        if !with_settings {
            view.document.settings = Map::new();
        }
        view.condition = Some(Condition::of(listing));
        view.offer = listing.offer().map(OfferView::of);
        view
    }

    /// A record that is not in force.
    pub(super) fn of_record(record: &Record) -> Self {
        Self {
            document: ServiceDocument::of(&record.service),
            source: record.source.as_str(),
            mode: record.mode.as_str(),
            mode_note: record.mode_note.clone(),
            version: record.version,
            created_at: time::format(record.created_at),
            updated_at: time::format(record.updated_at),
            condition: None,
            offer: None,
        }
    }
}

impl Condition {
    fn of(listing: &Listing) -> Self {
        let (now, state) = (listing.vitals().condition(), listing.state());
        Self {
            state: state.word.as_str(),
            since: time::format(state.since),
            why: state.why,
            checked_at: listing.checked_at().map(time::format),
            circuit: now.circuit.as_str(),
            latency_ms: now.latency.map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
            in_flight: now.in_flight,
        }
    }
}

impl OfferView {
    fn of(offer: &Offer) -> Self {
        Self {
            version: offer.version.clone(),
            workflow_types: offer.workflow_types.clone(),
            engines: offer.engines.clone(),
            protocols: offer.protocols.clone(),
            panels: offer.panels.iter().map(|panel| panel.id.clone()).collect(),
            closed: offer.closed.clone(),
        }
    }
}
