//! Looks at servers before they take part: what lives at an address, and what can be relied upon.

mod config;
mod discover;
mod draft;
mod error;
mod test_connection;
mod walk;

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use crate::{
    backend::client::{self, Client},
    domain::Clock,
    registry::Registry,
    vault::Vault,
};

pub use self::{
    config::Config,
    discover::{Discovery, Proposal, Surety, Undecided},
    draft::{OfferDocument, PanelDocument, PopulationDocument, ServiceDraft},
    error::Error,
    test_connection::{Score, ScoreVerdict, Scorecard},
};

/// The use cases that look at servers.
#[derive(Debug)]
pub struct Scout {
    config: Config,
    /// For addresses that callers and nodes name.
    guarded: Client,
    /// For services that operators wrote down.
    plain: Client,
    registry: Arc<Registry>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    own: Own,
    /// Looks under way.
    looks: Semaphore,
}

/// How the gateway is recognized when it comes upon itself.
#[derive(Debug, Clone)]
pub struct Own {
    /// Id of its WES service.
    pub id: String,
    /// The URL by which callers reach it, where that is configured.
    pub url: Option<Url>,
}

impl Scout {
    /// A scout whose calls have the bounds of its configuration.
    pub fn try_new(
        config: Config,
        calls: &client::Config,
        registry: Arc<Registry>,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
        own: Own,
    ) -> std::io::Result<Self> {
        let calls = config.bounded(calls);
        let guarded = Client::try_guarded(calls.clone(), config.guard())?;
        let plain = Client::try_new(calls)?;
        let looks = Semaphore::new(config.max_at_once);
        Ok(Self { config, guarded, plain, registry, vault, clock, own, looks })
    }

    /// A place among the looks under way.
    fn begin(&self) -> Result<SemaphorePermit<'_>, Error> {
        self.looks.try_acquire().map_err(|_| Error::Busy)
    }
}
