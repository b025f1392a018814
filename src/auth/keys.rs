//! The keys of an issuer over time: read again when a token names one that we do not have.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;
use tracing::warn;
use url::Url;

use super::BoxError;
use crate::{
    domain::Clock,
    jose::{Algorithm, Key, KeySet},
};

/// Unknown key ids cost nothing to invent, so they cause at most one reading in this time.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// How long one reading may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Fetches key sets. The composition root lends the HTTP client for it.
#[async_trait]
pub trait FetchKeys: fmt::Debug + Send + Sync + 'static {
    /// The body that `url` answers to a GET; an answer that is no success is an error, and so is a body
    /// of more than a megabyte.
    async fn fetch(&self, url: &Url) -> Result<Vec<u8>, BoxError>;
}

/// The keys of one issuer.
#[derive(Debug)]
pub(super) struct Keys {
    issuer: String,
    source: Source,
    /// The last good set.
    current: ArcSwap<KeySet>,
    /// When the source was last read; held while it is, so that one reading serves all who wait.
    last_read: Mutex<Option<Timestamp>>,
    clock: Arc<dyn Clock>,
}

/// Where keys come from.
#[derive(Debug)]
pub(super) enum Source {
    /// They never change.
    Fixed,
    /// A file, which may be replaced.
    File(PathBuf),
    /// An address.
    Url(Url, Arc<dyn FetchKeys>),
}

impl Keys {
    pub(super) fn new(
        issuer: &str,
        source: Source,
        current: KeySet,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let current = ArcSwap::from_pointee(current);
        Self { issuer: issuer.to_owned(), source, current, last_read: Mutex::new(None), clock }
    }

    /// The key, if need be after one more look at the source.
    pub(super) async fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Arc<Key>> {
        if let Some(key) = self.current.load().find(id, algorithm) {
            return Some(key);
        }
        let mut last_read = self.last_read.lock().await;
        if let Some(key) = self.current.load().find(id, algorithm) {
            return Some(key);
        }
        let now = self.clock.now();
        if last_read.is_some_and(|at| now.duration_since(at).abs() < PAUSE) {
            return None;
        }
        *last_read = Some(now);
        let read = tokio::time::timeout(PATIENCE, self.read()).await;
        match read.unwrap_or_else(|late| Err(late.into())) {
            Ok(Some(keys)) => self.current.store(Arc::new(keys)),
            Ok(None) => {}
            Err(error) => warn!(
                issuer = self.issuer,
                error = &*error as &dyn std::error::Error,
                "the keys of {} cannot be read; the last good ones stay",
                self.issuer
            ),
        }
        self.current.load().find(id, algorithm)
    }

    async fn read(&self) -> Result<Option<KeySet>, BoxError> {
        let json = match &self.source {
            Source::Fixed => return Ok(None),
            Source::File(path) => tokio::fs::read(path).await?,
            Source::Url(url, fetch) => fetch.fetch(url).await?,
        };
        Ok(Some(KeySet::parse(&json)?))
    }
}
