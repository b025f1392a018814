//! The countries where data may be, and how that is told.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::{
    domain::{Countries, Service, Transfer},
    registry::Row,
};

/// Where data may be: the place where a service stands and the law of its controller must both be inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// Where the data come from; none where nobody says so.
    pub(super) origin: Countries,
    pub(super) countries: Countries,
    /// In words for a data steward: why these countries and no others.
    pub(super) words: String,
    /// What would have allowed more, and has ended.
    pub(super) ended: Vec<Ended>,
}

/// A transfer basis that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    id: String,
    to: Countries,
    until: Option<Timestamp>,
}

impl Area {
    /// Data of which nobody says where they come from.
    pub(super) fn anywhere() -> Self {
        Self {
            origin: Countries::NONE,
            countries: Countries::ALL,
            words: "the data have no stated origin".to_owned(),
            ended: Vec::new(),
        }
    }

    /// Data of which only their caller says where they come from, and so where they stay.
    pub(super) fn said_by_caller(origin: Countries) -> Self {
        let words = format!("the data may stay only in {origin}");
        Self { origin, countries: origin, words, ended: Vec::new() }
    }

    /// Data whose record says where they come from.
    pub(super) fn of(whose: &str, origin: Countries) -> Self {
        let words = format!("{whose} come from {origin} and may stay only there");
        Self { origin, countries: origin, words, ended: Vec::new() }
    }

    /// Adds what a transfer basis allows, if it has not ended.
    pub(super) fn open(&mut self, basis: &Transfer, now: Timestamp) {
        if !basis.is_valid(now) {
            let Transfer { id, to, until, .. } = basis;
            self.ended.push(Ended { id: id.clone(), to: *to, until: *until });
            return;
        }
        self.countries = self.countries.or(basis.to);
        let _ = write!(self.words, ", and under `{}` in {}", basis.id, basis.to);
        if let Some(until) = basis.until {
            let _ = write!(self.words, " until {until}");
        }
    }

    /// Takes away what the caller does not want.
    pub(super) fn narrow(&mut self, wanted: Countries) {
        self.countries = self.countries.and(wanted);
        let _ = write!(self.words, "; of these, the caller wants {wanted}");
    }

    /// Whether data may be at a service.
    pub(super) fn admits(&self, row: &Row) -> bool {
        self.countries.has(row.place()) && self.countries.has(row.controller())
    }

    /// Whether data may be at a service.
    pub(super) fn admits_service(&self, service: &Service) -> bool {
        self.countries.contains(service.jurisdiction)
            && self.countries.contains(service.controller())
    }

    /// Why data may not be at a service, in words for a data steward.
    pub(super) fn words_against(&self, service: &Service) -> String {
        let (place, controller) = (service.jurisdiction, service.controller());
        let stands = if self.countries.contains(place) {
            format!("it stands in {place}, but is controlled from {controller}")
        } else {
            format!("it stands in {place}")
        };
        let mut words = format!("{stands}, and {}", self.words);
        let mut both = self.countries;
        both.insert(place);
        both.insert(controller);
        let over = self.ended.iter().find(|basis| both.are_within(&self.countries.or(basis.to)));
        if let Some(Ended { id, until: Some(until), .. }) = over {
            let _ = write!(words, "; `{id}`, which allowed it, ended on {until}");
        }
        words
    }
}
