//! Asks every service, side by side, what it offers and whether it can be used, and publishes the answer.
//!
//! Nothing here is on the way of a request: routing reads what was published last.

mod config;
mod history;
mod prober;
mod supervisor;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

pub use self::{
    config::Config,
    history::{History, Incident, Period, Resolution, Sample, Verdict},
};
use crate::{
    backend::Adapters,
    database::Database,
    domain::{Clock, ServiceId},
    events::{Event, Events},
    registry::{Listing, Mode, Registry, Snapshot, StateWord},
    vault::Vault,
};

/// Why the health of a service could not be told, by what one can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such service.
    #[error("there is no such service")]
    UnknownService,
    /// The database did not do it; a later moment may do.
    #[error("the history cannot be read or written")]
    Database(#[source] sqlx::Error),
}

/// The result of asking.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that the watch stands on.
#[derive(Debug, Clone)]
pub struct Parts {
    /// How services are watched.
    pub config: Config,
    /// The services.
    pub registry: Arc<Registry>,
    /// Their adapters.
    pub adapters: Arc<Adapters>,
    /// Their credentials.
    pub vault: Arc<Vault>,
    /// Where the history is kept.
    pub database: Database,
    /// Who is told of changes.
    pub events: Events,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
}

/// The watch over all services.
#[derive(Debug)]
pub struct Health {
    parts: Parts,
    history: History,
    tracker: TaskTracker,
    /// Bounds the probes at a time.
    places: Arc<Semaphore>,
    /// What was last told of each service. Held while one more is told, which waits for nothing.
    told: Mutex<HashMap<ServiceId, StateWord>>,
}

impl Health {
    /// A watch that has not begun.
    pub fn new(parts: Parts, tracker: TaskTracker) -> Arc<Self> {
        Arc::new(Self {
            history: History::new(parts.database.clone(), parts.config.clone()),
            places: Arc::new(Semaphore::new(parts.config.max_probes.max(1))),
            told: Mutex::default(),
            tracker,
            parts,
        })
    }

    /// What was seen of the services.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The services as they are now, of which this one is known to be there.
    pub fn listed(&self, id: &ServiceId) -> Result<Arc<Snapshot>> {
        let fleet = self.parts.registry.snapshot();
        if fleet.get(id).is_some() { Ok(fleet) } else { Err(Error::UnknownService) }
    }

    /// The wall time.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Tells whoever listens if a service's condition is another than it was told to be, and opens or
    /// closes its incident.
    fn tell(&self, id: &ServiceId) {
        // Held to the end, and the state is read under it: of two who tell at the same time, the later one
        // must have the last word everywhere.
        let mut told = self.told.lock().expect("no holder panics");
        let fleet = self.parts.registry.snapshot();
        let Some(state) = fleet.get(id).map(Listing::state) else { return };
        if state.word == StateWord::Unknown || told.get(id) == Some(&state.word) {
            return;
        }
        told.insert(id.clone(), state.word);
        let why = state.why.clone().unwrap_or_default();
        if state.word == StateWord::Down {
            warn!(service.id = %id, "service {id} is down: {why}");
        } else {
            info!(service.id = %id, "service {id} is {}: {why}", state.word.as_str());
        }
        let down = (state.word == StateWord::Down).then_some(why.as_str());
        self.history.set_down(id, down, self.now());
        let (service, state, why) = (id.clone(), state.word.as_str(), state.why);
        self.parts.events.publish(Event::ServiceState { service, state, why });
    }

    /// Forgets a service that was taken out.
    fn forget(&self, id: &ServiceId) {
        let mut told = self.told.lock().expect("no holder panics");
        told.remove(id);
        self.history.set_down(id, None, self.now());
    }
}

fn is_told(listing: &Listing) -> bool {
    listing.record().mode != Mode::Maintenance
}
