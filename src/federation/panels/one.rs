//! One panel with all its holders, and one service with all its panels. Pure.

use jiff::Timestamp;

use super::{Facts, tally::joined};
use crate::{
    domain::{Jurisdiction, ReferencePanel, ServiceId},
    panels::{Gone, Holding, PanelId, Shelf, Shelves, TermsRecord},
    registry::{Listing, Snapshot},
};

/// A panel.
#[derive(Debug, Clone)]
pub struct PanelView {
    /// Its id.
    pub id: PanelId,
    /// What is known of it.
    pub facts: Facts,
    /// What people say of it.
    pub terms: Option<TermsRecord>,
    /// Those who hold it, and after them those who once did.
    pub holders: Vec<Holder>,
}

/// A service that holds or held a panel.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Which service.
    pub service: ServiceId,
    /// Its name, unless it has left the federation.
    pub service_name: Option<String>,
    /// Where it stands, unless it has left the federation.
    pub jurisdiction: Option<Jurisdiction>,
    /// `usable` and its like; `left` if it has left the federation.
    pub state: &'static str,
    /// It offers the panel, and gets runs now.
    pub available: bool,
    /// Why it is not usable, in words for people.
    pub why: Option<String>,
    /// What it tells of the panel, in its own words.
    pub offered: ReferencePanel,
    /// When it was first seen with the panel.
    pub first_seen: Timestamp,
    /// Since when it offers it without a break; after the panel went, when the last stretch began.
    pub since: Timestamp,
    /// When it was last seen with the panel.
    pub last_seen: Timestamp,
    /// Since when it does not offer it any more.
    pub gone_since: Option<Timestamp>,
}

/// What one service offers and once offered.
#[derive(Debug, Clone)]
pub struct ShelfView {
    /// Which service.
    pub service: ServiceId,
    /// `usable` and its like.
    pub state: &'static str,
    /// When it last told what it offers.
    pub seen_at: Option<Timestamp>,
    /// Its panels, those that went last: the panel that is meant, and what the service tells.
    pub panels: Vec<(PanelId, Holder)>,
}

pub(super) fn panel(shelves: &Shelves, fleet: &Snapshot, named: &PanelId) -> Option<PanelView> {
    let id = shelves.meant(named);
    let record = shelves.terms(id);
    // What is held under an alias is held, too.
    let aliases = record.into_iter().flat_map(|record| &record.terms.aliases);
    let ids: Vec<&PanelId> = std::iter::once(id).chain(aliases).collect();
    let mut holders: Vec<Holder> = joined(shelves, fleet)
        .flat_map(|(service, shelf, listing)| {
            let holdings = ids.iter().filter_map(|id| shelf.get(id));
            holdings.map(move |holding| holder(service, shelf, listing, holding))
        })
        .collect();
    if holders.is_empty() && record.is_none() {
        return None;
    }
    holders.sort_by_key(|holder| holder.gone_since.is_some());
    let held = holders.iter().filter(|holder| holder.gone_since.is_none());
    let mut told: Vec<_> = held.map(|holder| &holder.offered).collect();
    if told.is_empty() {
        told = holders.iter().map(|holder| &holder.offered).collect();
    }
    let terms = record.map(|record| &record.terms);
    let facts = Facts::of(id.as_str(), told.into_iter(), terms);
    Some(PanelView { id: id.clone(), facts, terms: record.cloned(), holders })
}

pub(super) fn shelf(shelves: &Shelves, listing: &Listing) -> ShelfView {
    let shelf = shelves.service(listing.id());
    let holdings = shelf.into_iter().flat_map(|shelf| {
        shelf.holdings.iter().map(move |holding| {
            let meant = shelves.meant(&holding.panel).clone();
            (meant, holder(listing.id(), shelf, Some(listing), holding))
        })
    });
    let mut panels: Vec<_> = holdings.collect();
    panels.sort_by_key(|(_, holder)| holder.gone_since.is_some());
    ShelfView {
        service: listing.id().clone(),
        state: listing.state().word.as_str(),
        seen_at: shelf.map(|shelf| shelf.seen_at),
        panels,
    }
}

fn holder(
    service: &ServiceId,
    shelf: &Shelf,
    listing: Option<&Listing>,
    holding: &Holding,
) -> Holder {
    let gone = match (holding.gone, listing) {
        (Some(gone), _) => Some(gone),
        (None, Some(_)) => None,
        // It has just left, and that was not yet taken down.
        (None, None) => Some(Gone { since: shelf.seen_at, last_seen: shelf.seen_at }),
    };
    let state = listing.map(Listing::state);
    Holder {
        service: service.clone(),
        service_name: listing.map(|listing| listing.service().name.clone()),
        jurisdiction: listing.map(|listing| listing.service().jurisdiction),
        state: state.as_ref().map_or("left", |state| state.word.as_str()),
        available: gone.is_none() && state.as_ref().is_some_and(|state| state.word.takes_runs()),
        why: state.and_then(|state| state.why),
        offered: ReferencePanel::clone(&holding.offered),
        first_seen: holding.first_seen,
        since: holding.since,
        last_seen: gone.map_or(shelf.seen_at, |gone| gone.last_seen),
        gone_since: gone.map(|gone| gone.since),
    }
}
