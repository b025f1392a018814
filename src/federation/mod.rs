//! The services that take part: how they come, change and go.
//!
//! A change is written down first and takes effect at once, without a restart.

mod compare;
mod credential;
mod credentials;
mod error;
mod export;
mod install;
pub mod nodes;
mod open;
mod panels;
mod policy;
mod scout;
mod service;
#[cfg(test)]
mod tests;
mod validate;

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::{
    backend::{Adapters, client::Client},
    domain::Clock,
    events::Events,
    ledger::Ledger,
    registry::{Registry, Snapshot, Store},
    telemetry::Metrics,
    vault::Vault,
};

pub use self::{
    compare::{Comparison, HeldPanel, PanelRow, Side},
    credential::CredentialDocument,
    credentials::{Credentials, Error as CredentialError, OwnView, Parts as CredentialParts},
    error::Error,
    export::{Import, ImportReport},
    panels::{
        Facts, Holder, PanelCatalogue, PanelEntry, PanelFilter, PanelPage, PanelView, PanelWatch,
        PanelsConfig, PanelsError, ShelfView, TermsDocument,
    },
    policy::{InForce, Policies, PolicyError, PolicyParts, read_policies},
    scout::{
        Config, Discovery, Error as ScoutError, OfferDocument, Own, PanelDocument,
        PopulationDocument, Proposal, Score, ScoreVerdict, Scorecard, Scout, ServiceDraft, Surety,
        Undecided,
    },
    service::Change,
};
pub use crate::registry::{OrganizationDocument, ServiceDocument, StandInDocument};

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that the use cases stand on.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The services, as everybody sees them.
    pub registry: Arc<Registry>,
    /// What is written down about them.
    pub store: Store,
    /// Their adapters.
    pub adapters: Arc<Adapters>,
    /// Their credentials.
    pub vault: Arc<Vault>,
    /// Which runs went where.
    pub ledger: Ledger,
    /// What adapters call with.
    pub client: Client,
    /// What adapters of services that nodes registered call with: it keeps off private networks.
    pub guarded_client: Client,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Who is told of changes.
    pub events: Events,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
}

/// The use cases around the services that take part.
#[derive(Debug)]
pub struct Federation {
    parts: Parts,
    /// One change at a time: each is checked against all services, written down and put in force.
    writer: Mutex<()>,
}

impl Federation {
    /// The use cases over their parts.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self { parts, writer: Mutex::new(()) })
    }

    /// The services as they are now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.parts.registry.snapshot()
    }
}
