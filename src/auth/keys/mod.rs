//! The keys of an issuer over time: read again and again, and once more when a token names one that we
//! do not have.

mod kept;
mod source;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tracing::{info, warn};

use super::Error;
use crate::{
    domain::Clock,
    jose::{Algorithm, Key, KeySet},
};

pub(super) use self::{
    kept::Shelf,
    source::{Source, read_file},
};

/// Unknown key ids cost nothing to invent, so they cause at most one reading in this time.
pub(super) const PAUSE: Duration = Duration::from_secs(30);

/// How long one reading may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The keys of one issuer.
#[derive(Debug)]
pub(super) struct Keys {
    issuer: String,
    source: Source,
    /// The last good set.
    current: ArcSwap<Known>,
    /// When the source was last read; held while it is, so that one reading serves all who wait.
    last_read: Mutex<Option<Timestamp>>,
    /// Where the last good set outlives the process.
    shelf: Option<Shelf>,
    /// How long a set is believed that could not be read again.
    good_for: SignedDuration,
    /// Rises when a key of any issuer goes, so that what it signed is looked at anew.
    epoch: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
}

/// A set of keys, and when the issuer last stood by it.
#[derive(Debug, Default)]
struct Known {
    keys: KeySet,
    confirmed_at: Option<Timestamp>,
}

/// What all issuers' keys have in common.
#[derive(Debug, Clone)]
pub(super) struct Custody {
    pub(super) shelf: Option<Shelf>,
    pub(super) good_for: Duration,
    pub(super) epoch: Arc<AtomicU64>,
    pub(super) clock: Arc<dyn Clock>,
}

impl Keys {
    /// The keys that come from `source`, which said `initial` already. Where it has said nothing, those
    /// that were kept are good until it does.
    pub(super) fn new(
        issuer: &str,
        source: Source,
        initial: Option<KeySet>,
        custody: Custody,
    ) -> Self {
        let Custody { shelf, good_for, epoch, clock } = custody;
        let shelf = shelf.filter(|_| source.is_far());
        let known = match initial {
            Some(keys) => Known { keys, confirmed_at: Some(clock.now()) },
            None => shelf
                .as_ref()
                .and_then(|shelf| shelf.take(issuer, &source.name()))
                .map(|(keys, at)| Known { keys, confirmed_at: Some(at) })
                .unwrap_or_default(),
        };
        Self {
            issuer: issuer.to_owned(),
            source,
            current: ArcSwap::from_pointee(known),
            last_read: Mutex::new(None),
            shelf,
            good_for: SignedDuration::try_from(good_for).unwrap_or(SignedDuration::MAX),
            epoch,
            clock,
        }
    }

    /// The key, if need be after one more look at the source.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Arc<Key>, Error> {
        if let Some(key) = self.known(id, algorithm) {
            return Ok(key);
        }
        let mut last_read = self.last_read.lock().await;
        if let Some(key) = self.known(id, algorithm) {
            return Ok(key);
        }
        if self.may_read(*last_read) {
            self.read(&mut last_read).await;
        }
        match self.known(id, algorithm) {
            Some(key) => Ok(key),
            None if self.is_good() => Err(Error::UnknownKey),
            None => Err(Error::KeysUnavailable),
        }
    }

    /// Reads the source again. `false` means that it failed.
    pub(super) async fn refresh(&self) -> bool {
        let mut last_read = self.last_read.lock().await;
        !self.source.changes() || self.read(&mut last_read).await
    }

    fn known(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Arc<Key>> {
        if self.is_good() { self.current.load().keys.find(id, algorithm) } else { None }
    }

    /// Whether the issuer stood by its keys not too long ago.
    fn is_good(&self) -> bool {
        let confirmed_at = self.current.load().confirmed_at;
        let age = confirmed_at.map(|at| self.clock.now().duration_since(at));
        age.is_some_and(|age| age < self.good_for || !self.source.changes())
    }

    fn may_read(&self, last_read: Option<Timestamp>) -> bool {
        let age = last_read.map(|at| self.clock.now().duration_since(at).unsigned_abs());
        self.source.changes() && age.is_none_or(|age| age >= PAUSE)
    }

    async fn read(&self, last_read: &mut Option<Timestamp>) -> bool {
        *last_read = Some(self.clock.now());
        let read = tokio::time::timeout(PATIENCE, self.source.read()).await;
        let json = read.unwrap_or_else(|late| Err(late.into()));
        match json.and_then(|json| Ok((KeySet::parse_any(&json)?, json))) {
            Ok((keys, json)) => {
                self.take_over(keys);
                if let Some(shelf) = &self.shelf {
                    shelf.keep(&self.issuer, &self.source.name(), self.clock.now(), &json).await;
                }
                true
            }
            Err(error) => {
                warn!(
                    issuer = self.issuer,
                    error = &*error as &dyn std::error::Error,
                    "the keys of {} cannot be read; the last good ones stay",
                    self.issuer
                );
                false
            }
        }
    }

    fn take_over(&self, keys: KeySet) {
        let known = self.current.load();
        let changed = known.keys != keys;
        let withdrawn = !keys.contains_all(&known.keys);
        if changed {
            info!(issuer = self.issuer, "{} has {} keys now", self.issuer, keys.len());
        }
        let confirmed_at = Some(self.clock.now());
        self.current.store(Arc::new(Known { keys, confirmed_at }));
        if withdrawn {
            self.epoch.fetch_add(1, Ordering::AcqRel);
        }
    }
}
