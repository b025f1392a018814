//! One service: what its operator says, what it says itself, and whether it can be reached.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{Mode, Record};
use crate::{
    domain::{Offer, Service, ServiceId},
    vitals::Vitals,
};

/// Whether a service can be used, as last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Not asked yet.
    Unknown,
    /// It answers, and accepts the gateway's credential.
    Usable,
    /// It answers, but cannot be used: the credential, or its own maintenance.
    Unusable {
        /// In words for people.
        why: String,
    },
    /// It does not answer.
    Unreachable {
        /// In words for people.
        why: String,
    },
}

impl Reach {
    /// Whether both are the same condition, whatever the words.
    pub fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// One service of the federation.
#[derive(Debug, Clone)]
pub struct Listing {
    record: Arc<Record>,
    slot: u32,
    /// Beside the record, since a choice among thousands looks at them first.
    mode: Mode,
    weight: u32,
    depends: bool,
    offer: Option<Arc<Offer>>,
    reach: Reach,
    reach_since: Timestamp,
    /// Since when it says that it takes no runs, if it says so.
    closed_since: Option<Timestamp>,
    /// One moment on both clocks, to tell wall time of what the vitals know.
    anchor: (Instant, Timestamp),
    checked_at: Option<Timestamp>,
    vitals: Arc<Vitals>,
}

impl Listing {
    pub(super) fn new(record: Record, slot: u32, vitals: Vitals) -> Self {
        Self {
            slot,
            mode: record.mode,
            weight: record.service.weight,
            depends: !record.service.depends_on.is_empty(),
            reach_since: record.updated_at,
            closed_since: None,
            anchor: (Instant::now(), record.updated_at),
            record: Arc::new(record),
            offer: None,
            reach: Reach::Unknown,
            checked_at: None,
            vitals: Arc::new(vitals),
        }
    }

    /// The same service under another record.
    pub(super) fn with_record(&self, record: Record) -> Self {
        Self {
            mode: record.mode,
            weight: record.service.weight,
            depends: !record.service.depends_on.is_empty(),
            record: Arc::new(record),
            ..self.clone()
        }
    }

    /// The same service after it was asked. Without a new offer the last one stays: what a service
    /// offers does not change because it is down.
    pub(super) fn seen(&self, reach: Reach, offer: Option<Offer>, now: Timestamp) -> Self {
        let offer = offer.map(Arc::new).or_else(|| self.offer.clone());
        let closed = offer.as_ref().is_some_and(|offer| offer.closed.is_some());
        Self {
            offer,
            closed_since: closed.then(|| self.closed_since.unwrap_or(now)),
            anchor: (Instant::now(), now),
            reach_since: if self.reach.is_like(&reach) { self.reach_since } else { now },
            reach,
            checked_at: Some(now),
            ..self.clone()
        }
    }

    /// Its id.
    pub fn id(&self) -> &ServiceId {
        self.record.id()
    }

    /// Its number in its registry, never given to another one: what is decided about many services is kept
    /// as bits by slot. One that went and came back has another one.
    pub fn slot(&self) -> u32 {
        self.slot
    }

    /// What is written down about it.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Whether it is to get runs.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The share that its operator gives it.
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// The services without which it cannot work.
    pub fn depends_on(&self) -> &[ServiceId] {
        if self.depends { &self.service().depends_on } else { &[] }
    }

    /// What its operator says.
    pub fn service(&self) -> &Service {
        &self.record.service
    }

    /// What it says itself, once it was asked.
    pub fn offer(&self) -> Option<&Offer> {
        self.offer.as_deref()
    }

    /// Whether it can be used.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Since when its reach is what it is.
    pub fn reach_since(&self) -> Timestamp {
        self.reach_since
    }

    /// Since when it says that it takes no runs, if it says so.
    pub(super) fn closed_since(&self) -> Option<Timestamp> {
        self.closed_since
    }

    /// The wall time of a moment that its vitals tell.
    pub fn wall_time(&self, moment: Instant) -> Timestamp {
        let (instant, time) = self.anchor;
        let (later, sooner) =
            (moment.saturating_duration_since(instant), instant.saturating_duration_since(moment));
        let later = SignedDuration::try_from(later).unwrap_or_default();
        let sooner = SignedDuration::try_from(sooner).unwrap_or_default();
        time.checked_add(later - sooner).unwrap_or(time)
    }

    /// When it was last asked.
    pub fn checked_at(&self) -> Option<Timestamp> {
        self.checked_at
    }

    /// Its circuit, what is in flight and how fast it answers, this very moment.
    pub fn vitals(&self) -> &Arc<Vitals> {
        &self.vitals
    }
}
