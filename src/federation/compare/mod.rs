//! Services side by side, for a researcher who chooses among them. Pure.

mod differences;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::panels::PanelsError;
use crate::{
    domain::{Build, Jurisdiction, Queue, ReferencePanel, ServiceId},
    panels::{Holding, PanelId, Shelves},
    registry::{Listing, Snapshot, StateWord},
    vitals::Condition,
};

/// Services side by side.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// The services, in the order in which they were named.
    pub services: Vec<Side>,
    /// Every panel that one of them holds, by id.
    pub panels: Vec<PanelRow>,
    /// What matters to the choice, in words for people; what matters most comes first.
    pub differences: Vec<String>,
}

/// One of the services.
#[derive(Debug, Clone)]
pub struct Side {
    /// Its id.
    pub id: ServiceId,
    /// Its name.
    pub name: String,
    /// The dialect that it speaks.
    pub kind: String,
    /// Who runs it.
    pub organization: Option<String>,
    /// Under whose law it stands.
    pub jurisdiction: Jurisdiction,
    /// Version of its software, where it tells.
    pub version: Option<String>,
    /// Its share of the work.
    pub weight: u32,
    /// `usable` and its like.
    pub state: StateWord,
    /// Why it is not usable, in words for people.
    pub why: Option<String>,
    /// Since when its reach is what it is.
    pub since: Timestamp,
    /// When it was last asked.
    pub checked_at: Option<Timestamp>,
    /// Workflow types and their versions.
    pub workflow_types: BTreeMap<String, Vec<String>>,
    /// Engines and their versions.
    pub engines: BTreeMap<String, Vec<String>>,
    /// Protocols by which it fetches inputs itself.
    pub protocols: Vec<String>,
    /// Builds of input that it imputes.
    pub builds: BTreeSet<Build>,
    /// Populations that may be named, whatever the panel.
    pub populations: BTreeSet<String>,
    /// How many panels it holds.
    pub panels: usize,
    /// Runs that one user may have there at once, where it said so.
    pub max_runs: Option<u64>,
    /// Its queue, where it tells.
    pub queue: Option<Queue>,
    /// How calls to it have gone lately.
    pub condition: Condition,
}

/// A panel, and at which of the services it is.
#[derive(Debug, Clone)]
pub struct PanelRow {
    /// Which panel.
    pub id: PanelId,
    /// Its name.
    pub name: String,
    /// What each service tells of it; `None` where it is not.
    pub held: Vec<Option<HeldPanel>>,
    /// Where it may be used, as people say; empty where nothing is said.
    pub allowed_in: BTreeSet<Jurisdiction>,
}

/// A panel at one of the services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPanel {
    /// Since when without a break.
    pub since: Timestamp,
    /// Builds of input that are imputed against it there.
    pub builds: BTreeSet<Build>,
    /// Populations that may be named there, in lower case.
    pub populations: BTreeSet<String>,
}

pub(super) fn compare(
    shelves: &Shelves,
    fleet: &Snapshot,
    ids: &[String],
) -> Result<Comparison, PanelsError> {
    let mut listings = Vec::with_capacity(ids.len());
    for id in ids {
        let known = id.parse().ok().and_then(|id: ServiceId| fleet.get(&id));
        listings.push(known.ok_or_else(|| PanelsError::UnknownService(id.clone()))?);
    }
    let panels = rows(shelves, &listings);
    let services: Vec<_> = listings
        .iter()
        .enumerate()
        .map(|(column, listing)| {
            Side::of(listing, panels.iter().filter_map(|row| row.held[column].as_ref()))
        })
        .collect();
    let differences = differences::differences(&services, &panels);
    Ok(Comparison { services, panels, differences })
}

/// The matrix: every panel that one of them holds, with a place for each of them.
fn rows(shelves: &Shelves, listings: &[&Listing]) -> Vec<PanelRow> {
    let mut rows: BTreeMap<&PanelId, PanelRow> = BTreeMap::new();
    for (column, listing) in listings.iter().enumerate() {
        let shelf = shelves.service(listing.id());
        let holdings = shelf.into_iter().flat_map(|shelf| shelf.holdings.iter());
        for holding in holdings.filter(|holding| holding.gone.is_none()) {
            let id = shelves.meant(&holding.panel);
            let row = rows.entry(id).or_insert_with(|| PanelRow {
                id: id.clone(),
                name: holding.offered.name.clone(),
                held: vec![None; listings.len()],
                allowed_in: shelves
                    .terms(id)
                    .map(|record| record.terms.jurisdictions.clone())
                    .unwrap_or_default(),
            });
            let held = HeldPanel::of(holding);
            match &mut row.held[column] {
                // One panel under two names at one service.
                Some(other) => other.join(held),
                none => *none = Some(held),
            }
        }
    }
    rows.into_values().collect()
}

impl HeldPanel {
    fn of(holding: &Holding) -> Self {
        Self {
            since: holding.since,
            builds: input_builds(&holding.offered),
            populations: holding
                .offered
                .populations
                .iter()
                .map(|population| population.id.to_ascii_lowercase())
                .collect(),
        }
    }

    fn join(&mut self, other: Self) {
        self.since = self.since.min(other.since);
        self.builds.extend(other.builds);
        self.populations.extend(other.populations);
    }
}

fn input_builds(panel: &ReferencePanel) -> BTreeSet<Build> {
    [Build::Hg19, Build::Hg38].into_iter().filter(|build| panel.takes_build(*build)).collect()
}

impl Side {
    fn of<'a>(listing: &Listing, held: impl Iterator<Item = &'a HeldPanel>) -> Self {
        let (service, offer) = (listing.service(), listing.offer().cloned().unwrap_or_default());
        let (mut builds, mut populations, mut panels) = (BTreeSet::new(), BTreeSet::new(), 0);
        for panel in held {
            builds.extend(panel.builds.iter().copied());
            populations.extend(panel.populations.iter().cloned());
            panels += 1;
        }
        let state = listing.state();
        Self {
            id: service.id.clone(),
            name: service.name.clone(),
            kind: service.kind.clone(),
            organization: service.organization.as_ref().map(|(name, _)| name.clone()),
            jurisdiction: service.jurisdiction,
            version: offer.version,
            weight: service.weight,
            state: state.word,
            why: state.why,
            since: state.since,
            checked_at: listing.checked_at(),
            workflow_types: offer.workflow_types,
            engines: offer.engines,
            protocols: offer.protocols,
            builds,
            populations,
            panels,
            max_runs: offer.max_runs,
            queue: offer.queue,
            condition: listing.vitals().condition(),
        }
    }
}
