//! Proof that residency was settled, and what is told where it forbids.

use std::sync::Arc;

use super::{Area, bits::Bits, rules::Verdicts};
use crate::{
    domain::{Jurisdiction, ServiceId},
    registry::{Listing, Row, Snapshot},
};

/// Proof that residency was settled for one run. Only [`Law::evaluate`](super::Law::evaluate) makes one,
/// and nothing adds a service to it.
#[derive(Debug, Clone)]
pub struct Permit {
    pub(super) allowed: Bits,
    pub(super) area: Area,
    /// What the policies said, where there are any.
    pub(super) verdicts: Option<Arc<Verdicts>>,
    pub(super) epoch: u64,
}

impl Permit {
    /// Whether the run may go there, as the service stands now: it may have moved under another law since
    /// the permit was made, and a permit only shrinks.
    pub fn admits(&self, listing: &Listing) -> bool {
        self.allowed.has(listing.slot()) && self.area.admits_service(listing.service())
    }

    /// The services of a fleet where the run may go, in the order of ids. The fleet may be a later one
    /// than the permit was made of: services that came since are not among them.
    pub fn permitted<'a>(&'a self, fleet: &'a Snapshot) -> impl Iterator<Item = &'a Listing> {
        fleet.rows().filter(|row| self.admits_row(row)).map(Row::listing)
    }

    /// Takes away every service that another permit does not have. There is no way back.
    pub fn narrow(&mut self, by: &Self) {
        self.allowed.retain(&by.allowed);
        self.area.countries = self.area.countries.and(by.area.countries);
        self.epoch = by.epoch;
    }

    /// How many services are in the set.
    pub fn len(&self) -> usize {
        self.allowed.len()
    }

    /// Whether no service is in the set: only after it was narrowed, since else that is a [`Denial`].
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rule of the floor that made the set, in words for a data steward.
    pub fn rule(&self) -> &str {
        &self.area.words
    }

    /// The epoch of the policies under which it was made.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether the data may be kept in a country, be it for a moment.
    pub fn may_stay_in(&self, country: Jurisdiction) -> bool {
        self.area.countries.contains(country)
    }

    /// The services of a fleet outside the set in the order of ids, and why. The words are made as they are
    /// read.
    pub fn forbidden<'a>(&'a self, fleet: &'a Snapshot) -> impl Iterator<Item = Forbidden<'a>> {
        let outside = fleet.rows().filter(|row| !self.admits_row(row));
        outside.map(|row| Forbidden { permit: self, row })
    }

    fn admits_row(&self, row: &Row) -> bool {
        self.allowed.has(row.slot()) && self.area.admits(row)
    }
}

/// A service where the run may not go.
#[derive(Debug, Clone, Copy)]
pub struct Forbidden<'a> {
    permit: &'a Permit,
    row: &'a Row,
}

impl<'a> Forbidden<'a> {
    /// The service.
    pub fn id(&self) -> &'a ServiceId {
        self.row.listing().id()
    }

    /// Why, in words for a data steward.
    pub fn words(&self) -> String {
        let Permit { area, verdicts, .. } = self.permit;
        if !area.admits(self.row) {
            return area.words_against(self.row.listing().service());
        }
        let verdict = verdicts.as_ref().and_then(|all| all.of(self.row.slot()));
        verdict.map_or_else(
            || "the data may no longer go there, or never could".to_owned(),
            |one| one.words(),
        )
    }
}

/// No service is permitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no service may take these data: {rule}")]
pub struct Denial {
    /// What it means to the caller.
    pub refusal: Refusal,
    /// The rule that forbade it, in words for people.
    pub rule: String,
}

/// What a denial means to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There are services, and none of them may have the data.
    NoService,
    /// No record says where the data come from.
    NoOrigin,
    /// There is no dataset of that name, or not for this caller.
    UnknownDataset,
}

impl Denial {
    pub(super) fn new(refusal: Refusal, rule: impl Into<String>) -> Self {
        Self { refusal, rule: rule.into() }
    }
}
