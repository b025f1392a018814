//! The trail: what the gateway permitted and did, for whom, with which data, by which rule.
//!
//! An entry is written before the act that it permits: what cannot be written is not done. Entries are
//! chained by their hashes, so that one that was changed or taken out later is noticed by whoever has an
//! export and any later head of the chain.

mod chain;
mod entry;
mod store;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use tokio::sync::oneshot;

pub use self::{
    chain::{Flaw, Head, Line, Verdict, Verifier},
    entry::{Act, Entry},
    store::{Filter, Page, Record},
};
use crate::{database::Database, domain::Clock};

/// Why the trail could not do what it was asked. Nothing was written, and so nothing is permitted.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The database did not do it. A later moment may do.
    #[error("the audit trail cannot be read or written")]
    Database(#[from] Arc<sqlx::Error>),
    /// The entry cannot be written as text.
    #[error("the audit entry cannot be written")]
    Unwritable,
    /// Whoever wrote for several at once was stopped.
    #[error("the audit trail was interrupted")]
    Interrupted,
}

/// The result of asking the trail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Most entries that are written in one step.
const BATCH: usize = 500;

/// The trail. Cheap to clone; clones write to one database.
#[derive(Clone)]
pub struct Audit {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    clock: Arc<dyn Clock>,
    /// Entries that wait for the one writer. Held to add one, or to take some.
    waiting: Mutex<Vec<Waiting>>,
    /// Makes the one writer: whoever gets it writes for all who wait, so that many at a time cost one
    /// commit.
    writer: tokio::sync::Mutex<()>,
}

struct Waiting {
    at: Timestamp,
    entry: Entry,
    done: oneshot::Sender<Result<()>>,
}

impl Audit {
    /// The trail in an open database.
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        let (waiting, writer) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { inner: Arc::new(Inner { database, clock, waiting, writer }) }
    }

    /// Writes an entry. What it permits may be done once this returns.
    pub async fn record(&self, entry: Entry) -> Result<()> {
        let (done, mut written) = oneshot::channel();
        let at = self.inner.clock.now();
        self.waiting().push(Waiting { at, entry, done });
        while written.is_empty() {
            let _one = self.inner.writer.lock().await;
            if !written.is_empty() {
                break;
            }
            let batch: Vec<_> = {
                let mut waiting = self.waiting();
                let some = waiting.len().min(BATCH);
                waiting.drain(..some).collect()
            };
            if batch.is_empty() {
                // Somebody took ours and was stopped on the way.
                return Err(Error::Interrupted);
            }
            let outcome = store::append(&self.inner.database, &batch).await;
            for Waiting { done, .. } in batch {
                // Whoever is gone does not need to know.
                let _ = done.send(outcome.clone());
            }
        }
        written.try_recv().unwrap_or(Err(Error::Interrupted))
    }

    /// Entries of the trail, oldest first.
    pub async fn page(&self, filter: &Filter, after: i64, limit: u32) -> Result<Page> {
        store::page(&self.inner.database, filter, after, limit).await
    }

    /// The last entry's place in the chain. Whoever keeps it can tell later that nothing before it was
    /// changed.
    pub async fn head(&self) -> Result<Head> {
        store::head(&self.inner.database).await
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.inner.waiting.lock().expect("no holder panics")
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit").finish_non_exhaustive()
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}
