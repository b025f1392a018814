//! The record of a service: what its operator decided, and since when.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::{Service, ServiceId};

/// What is written down about a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What its operator says.
    pub service: Arc<Service>,
    /// Who wrote the record.
    pub source: Source,
    /// Whether it is to get runs.
    pub mode: Mode,
    /// Why the mode is what it is, in an operator's words.
    pub mode_note: String,
    /// Counts the changes; the first is 1.
    pub version: i64,
    /// When it was first written.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Who wrote a record, and so who may change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The configuration file. Changed there; only its mode can be set elsewhere.
    Configuration,
    /// An operator, through the API.
    Operator,
    /// A node that registered itself.
    Node,
}

/// Whether a service is to get runs, as its operator decided. What the service says of itself is in its
/// offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It gets runs.
    Active,
    /// It gets no new runs; those that it has are followed to their end.
    Draining,
    /// It gets no new runs, and nobody is told when it does not answer.
    Maintenance,
}

impl Record {
    /// The first version of a record.
    pub fn new(service: Service, source: Source, now: Timestamp) -> Self {
        Self {
            service: Arc::new(service),
            source,
            mode: Mode::Active,
            mode_note: String::new(),
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Id of the service.
    pub fn id(&self) -> &ServiceId {
        &self.service.id
    }
}

impl Source {
    const ALL: [Self; 3] = [Self::Configuration, Self::Operator, Self::Node];

    /// The word in the database and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Operator => "operator",
            Self::Node => "node",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == word)
    }
}

impl Mode {
    const ALL: [Self; 3] = [Self::Active, Self::Draining, Self::Maintenance];

    /// The word in the database and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Draining => "draining",
            Self::Maintenance => "maintenance",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}
