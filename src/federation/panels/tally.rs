//! Counts who holds which panel, in one walk over all services. Pure.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

use super::PanelFilter;
use crate::{
    domain::{Jurisdiction, ReferencePanel, ServiceId},
    panels::{Holding, PanelId, Shelf, Shelves},
    registry::{Listing, Snapshot},
};

/// What holders tell differently is told apart up to here; beyond it some may be told twice.
const LOOK_BACK: usize = 4;

/// Who holds one panel.
#[derive(Debug, Default)]
pub(super) struct Tally<'a> {
    /// Services that hold it.
    pub(super) holders: usize,
    /// Those of them that can be used now.
    pub(super) available: usize,
    /// Services that once held it.
    pub(super) gone: usize,
    /// A holder fits the filter.
    pub(super) fits: bool,
    /// When it was first seen anywhere.
    pub(super) first_seen: Option<Timestamp>,
    /// Where its holders stand.
    pub(super) jurisdictions: BTreeSet<Jurisdiction>,
    /// What holders tell of it.
    pub(super) told: Vec<&'a Arc<ReferencePanel>>,
    /// What those told who hold it no more.
    pub(super) once_told: Vec<&'a Arc<ReferencePanel>>,
}

/// Walks over all services once. Both views are in the order of service ids, so that none is looked up.
pub(super) fn tally<'a>(
    shelves: &'a Shelves,
    fleet: &'a Snapshot,
    filter: &PanelFilter,
) -> HashMap<&'a PanelId, Tally<'a>> {
    let mut tallies: HashMap<&PanelId, Tally<'_>> = HashMap::new();
    for (id, shelf, listing) in joined(shelves, fleet) {
        let place = listing.map(|listing| Place::of(id, listing, filter));
        for holding in shelf.holdings.iter() {
            let tally = tallies.entry(shelves.meant(&holding.panel)).or_default();
            tally.add(holding, place.as_ref(), filter);
        }
    }
    tallies
}

/// Every shelf with the listing of its service, if it is still in the federation.
pub(super) fn joined<'a>(
    shelves: &'a Shelves,
    fleet: &'a Snapshot,
) -> impl Iterator<Item = (&'a ServiceId, &'a Shelf, Option<&'a Listing>)> {
    let mut listings = fleet.services().peekable();
    shelves.services().map(move |(id, shelf)| {
        while listings.next_if(|listing| listing.id() < id).is_some() {}
        (id, shelf, listings.next_if(|listing| listing.id() == id))
    })
}

/// What counts of a service, whatever the panel.
struct Place {
    jurisdiction: Jurisdiction,
    available: bool,
    fits: bool,
}

impl Place {
    fn of(id: &ServiceId, listing: &Listing, filter: &PanelFilter) -> Self {
        let state = listing.state().word;
        let jurisdiction = listing.service().jurisdiction;
        let available = state.takes_runs();
        let fits = filter.service.as_ref().is_none_or(|wanted| wanted == id)
            && filter.jurisdiction.is_none_or(|wanted| wanted == jurisdiction)
            && filter.state.is_none_or(|wanted| wanted == state)
            && (!filter.available || available);
        Self { jurisdiction, available, fits }
    }
}

impl<'a> Tally<'a> {
    fn add(&mut self, holding: &'a Holding, place: Option<&Place>, filter: &PanelFilter) {
        let first = self.first_seen.get_or_insert(holding.first_seen);
        *first = holding.first_seen.min(*first);
        let (Some(place), None) = (place, holding.gone) else {
            self.gone += 1;
            remember(&mut self.once_told, &holding.offered);
            return;
        };
        self.holders += 1;
        self.available += usize::from(place.available);
        self.jurisdictions.insert(place.jurisdiction);
        self.fits |= place.fits && filter.fits(&holding.offered);
        remember(&mut self.told, &holding.offered);
    }
}

fn remember<'a>(told: &mut Vec<&'a Arc<ReferencePanel>>, panel: &'a Arc<ReferencePanel>) {
    if !told.iter().rev().take(LOOK_BACK).any(|known| Arc::ptr_eq(known, panel)) {
        told.push(panel);
    }
}
