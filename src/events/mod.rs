//! Tells whoever listens what happened. Publishing never waits.
//!
//! The last events stand in a ring, each written once. A listener holds its place in the ring and
//! nothing else, so a slow one costs no memory and slows nobody: it is told to resync.

mod config;
mod ears;
mod event;
mod id;
mod places;
mod published;
mod ring;
mod subscription;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use self::{places::Places, ring::Ring};
use crate::domain::{Clock, SystemClock};

pub use self::{
    config::Config,
    ears::{Ears, Wanted},
    event::{Audience, Event, NAMES},
    id::EventId,
    published::{Published, Text},
    subscription::{After, Next, Subscription},
};

/// Name of the event that tells a listener to read anew what it wants to know.
pub const RESYNC: &str = "resync";

/// Where events are published and listened to. Cheap to clone; clones are one.
#[derive(Clone)]
pub struct Events(Arc<Inner>);

struct Inner {
    config: Config,
    /// Guards the last events; held for one event, or one look through the ring.
    ring: Mutex<Ring>,
    places: Arc<Places>,
    closed: CancellationToken,
    clock: Arc<dyn Clock>,
}

/// Why nobody listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Others listen already; a later moment may do.
    #[error("too many listen to events")]
    TooMany,
    /// The caller listens too often already; ending one makes room.
    #[error("you listen to events too often at once")]
    TooManyOwn,
}

impl Events {
    /// No event yet. Ids begin with the time, so that those of the process before are known as such.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Self {
        let epoch = u64::try_from(clock.now().as_microsecond()).unwrap_or_default();
        let ring = Mutex::new(Ring::new(epoch, config.capacity));
        let places = Places::new(&config);
        Self(Arc::new(Inner { config, ring, places, closed: CancellationToken::new(), clock }))
    }

    /// Tells everybody who may know. Never waits.
    pub fn publish(&self, event: Event) {
        let at = self.now();
        let sequence = self.ring().push(|id| Published::new(id, &event, at));
        match event.audience() {
            Audience::Caller(caller) => {
                self.0.places.wake(&caller);
                // The others look as well before the ring has turned, or they would take the events of
                // others for ones that they missed.
                if sequence.is_multiple_of(self.turn()) {
                    self.0.places.wake_everyone();
                }
            }
            Audience::Everyone | Audience::Operators => self.0.places.wake_everyone(),
        }
    }

    /// Begins to listen.
    pub fn subscribe(&self, ears: Ears, after: After) -> Result<Subscription, Error> {
        // The place first: what is published from here on wakes the listener.
        let place = self.0.places.take(ears.caller())?;
        Ok(Subscription::new(self.clone(), place, ears, after))
    }

    /// Ends every listener, those to come as well.
    pub fn close(&self) {
        self.0.closed.cancel();
        self.0.places.wake_everyone();
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        self.0.closed.is_cancelled()
    }

    /// Waits until it is over.
    pub async fn closed(&self) {
        self.0.closed.cancelled().await;
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.0.places.count()
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// After how many events every listener looks into the ring.
    fn turn(&self) -> u64 {
        (self.0.config.capacity as u64 / 4).max(1)
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.ring.lock().expect("no holder panics")
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new(Config::default(), Arc::new(SystemClock))
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("listeners", &self.listeners()).finish_non_exhaustive()
    }
}
