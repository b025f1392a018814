//! All services in the order of their ids, in flat stretches that snapshots share.
//!
//! A decision walks along all of them and must not chase a pointer for each to learn under whose law it
//! stands; a change copies one stretch and the list of stretches, not everything.

use std::sync::Arc;

use super::Listing;
use crate::domain::ServiceId;

/// Longest stretch. Longer makes changes dearer, shorter makes the list of stretches longer.
const MAX_STRETCH: usize = 64;

/// A service, and beside it what every decision looks at.
#[derive(Debug, Clone)]
pub struct Row {
    /// The service.
    pub(super) listing: Arc<Listing>,
    slot: u32,
    place: u16,
    controller: u16,
}

impl Row {
    pub(super) fn new(listing: Arc<Listing>) -> Self {
        Self {
            slot: listing.slot(),
            place: listing.service().jurisdiction.index(),
            controller: listing.service().controller().index(),
            listing,
        }
    }

    /// The service.
    pub fn listing(&self) -> &Listing {
        &self.listing
    }

    /// See [`Listing::slot`].
    pub fn slot(&self) -> u32 {
        self.slot
    }

    /// Index of the country where it stands.
    pub fn place(&self) -> u16 {
        self.place
    }

    /// Index of the country of its legal controller.
    pub fn controller(&self) -> u16 {
        self.controller
    }
}

/// All services in the order of their ids. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    /// In order, and none is empty.
    stretches: Arc<[Arc<[Row]>]>,
    len: usize,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.stretches.iter().flat_map(|stretch| stretch.iter())
    }

    pub(super) fn get(&self, id: &ServiceId) -> Option<&Row> {
        let (stretch, place) = self.find(id);
        self.stretches.get(stretch)?.get(place.ok()?)
    }

    /// The services behind an id.
    pub(super) fn after(&self, id: &ServiceId) -> impl Iterator<Item = &Row> {
        let (stretch, place) = self.find(id);
        let first = place.map_or_else(|next| next, |found| found + 1);
        let here = self.stretches.get(stretch).map_or(&[][..], |rows| &rows[first..]);
        let further = self.stretches.get(stretch + 1..).unwrap_or_default();
        here.iter().chain(further.iter().flat_map(|stretch| stretch.iter()))
    }

    /// The same with this service added, or in the place of the one of its id.
    pub(super) fn with(&self, listing: Arc<Listing>) -> Self {
        let row = Row::new(listing);
        let (at, place) = self.find(row.listing.id());
        let Some(stretch) = self.stretches.get(at) else {
            return Self { stretches: Arc::from([Arc::from([row])]), len: 1 };
        };
        let mut rows = stretch.to_vec();
        let len = match place {
            Ok(found) => {
                rows[found] = row;
                self.len
            }
            Err(next) => {
                rows.insert(next, row);
                self.len + 1
            }
        };
        let second = (rows.len() > MAX_STRETCH).then(|| rows.split_off(MAX_STRETCH / 2));
        Self { stretches: self.replace(at, [Some(rows), second]), len }
    }

    /// The same without a service, if it was there.
    pub(super) fn without(&self, id: &ServiceId) -> Option<Self> {
        let (at, place) = self.find(id);
        let mut rows = self.stretches.get(at)?.to_vec();
        rows.remove(place.ok()?);
        Some(Self { stretches: self.replace(at, [Some(rows), None]), len: self.len - 1 })
    }

    fn replace(&self, at: usize, by: [Option<Vec<Row>>; 2]) -> Arc<[Arc<[Row]>]> {
        let by = by.into_iter().flatten().filter(|rows| !rows.is_empty()).map(Arc::from);
        let (before, after) = (&self.stretches[..at], &self.stretches[at + 1..]);
        before.iter().cloned().chain(by).chain(after.iter().cloned()).collect()
    }

    /// The stretch where an id belongs, and its place there, or where it would be.
    fn find(&self, id: &ServiceId) -> (usize, Result<usize, usize>) {
        let behind = self.stretches.partition_point(|stretch| stretch[0].listing.id() <= id);
        let stretch = behind.saturating_sub(1);
        let rows = self.stretches.get(stretch).map_or(&[][..], |rows| rows);
        (stretch, rows.binary_search_by(|row| row.listing.id().cmp(id)))
    }
}
