//! The catalogue of reference panels: which service was seen to offer which, since when and until when, and
//! under which terms people say that it may be used.
//!
//! It remembers sightings; it asks no service itself.

mod id;
mod shelf;
mod shelves;
mod sight;
mod stored;
mod terms;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::{
    database::Database,
    domain::{CallerId, Clock, ServiceId},
    on_pool,
};

pub use self::{
    id::{NotAPanelId, PanelId},
    shelf::{Gone, Holding, MAX_PER_SERVICE, Shelf},
    shelves::Shelves,
    sight::Sighting,
    terms::{Terms, TermsRecord},
};

/// The catalogue.
#[derive(Debug)]
pub struct Panels {
    database: Database,
    clock: Arc<dyn Clock>,
    current: ArcSwap<Shelves>,
    /// Makes the one writer of the view: held while the next one is made from the last.
    writer: Mutex<()>,
    /// Makes changes of terms one after the other, since each is checked against all that stand.
    changes: Semaphore,
    /// Guards when each service's sighting was last written down; held for one look or one change.
    written: Mutex<HashMap<ServiceId, Timestamp>>,
}

/// Why the catalogue did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not do it; nothing was changed. A later moment may do.
    #[error("the catalogue of panels cannot be read or written")]
    Database(#[from] sqlx::Error),
    /// What is stored cannot be understood; a newer gateway may have written it.
    #[error("the catalogue of panels holds something that cannot be read: {0}")]
    Unreadable(String),
    /// No service has or had this panel.
    #[error("no service of the federation has or had this panel")]
    UnknownPanel,
    /// The id is an alias. Terms belong to the panel that it means.
    #[error("this id is an alias of the panel `{panel}`; its terms are there")]
    IsAlias {
        /// What it means.
        panel: PanelId,
    },
    /// The alias cannot be taken.
    #[error("`{alias}` cannot be an alias of this panel: {why}")]
    BadAlias {
        /// Which alias.
        alias: PanelId,
        /// In words for people.
        why: String,
    },
    /// Somebody else changed the terms. Read them again.
    #[error("the terms were changed by somebody else; their version is {version}")]
    Stale {
        /// The version that stands.
        version: i64,
    },
}

/// The result of asking the catalogue.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Panels {
    /// The catalogue in an open database.
    pub async fn open(database: Database, clock: Arc<dyn Clock>) -> Result<Self> {
        let current = sight::load(&database).await?;
        let written = current.services().map(|(id, shelf)| (id.clone(), shelf.seen_at)).collect();
        Ok(Self {
            database,
            clock,
            current: ArcSwap::from_pointee(current),
            writer: Mutex::new(()),
            changes: Semaphore::new(1),
            written: Mutex::new(written),
        })
    }

    /// All that is known now.
    pub fn shelves(&self) -> Arc<Shelves> {
        self.current.load_full()
    }

    /// Replaces the terms of a panel. `expected` is the version that the writer saw, 0 for none; `None`
    /// replaces whatever stands. With `dry_run` everything is checked and nothing is written.
    pub async fn set_terms(
        &self,
        id: &PanelId,
        terms: Terms,
        expected: Option<i64>,
        by: &CallerId,
        dry_run: bool,
    ) -> Result<TermsRecord> {
        let _one_change = self.changes.acquire().await.expect("the semaphore is never closed");
        let shelves = self.shelves();
        shelves.check(id, &terms)?;
        let version = shelves.terms(id).map_or(0, |record| record.version);
        if expected.is_some_and(|expected| expected != version) {
            return Err(Error::Stale { version });
        }
        let record = TermsRecord {
            terms,
            version: version + 1,
            updated_by: by.to_string(),
            updated_at: self.clock.now(),
        };
        if !dry_run {
            self.write_terms(id, &record).await?;
            let kept = Arc::new(record.clone());
            self.change(|shelves| shelves.with_terms(id.clone(), kept));
        }
        Ok(record)
    }

    async fn write_terms(&self, id: &PanelId, record: &TermsRecord) -> Result<()> {
        const SQL: &str = "INSERT INTO panel_terms \
             (panel_id, version, terms, updated_by, updated_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (panel_id) DO UPDATE SET version = excluded.version, \
             terms = excluded.terms, updated_by = excluded.updated_by, \
             updated_at = excluded.updated_at WHERE panel_terms.version = excluded.version - 1";
        let changed = on_pool!(write &self.database, pool => {
            sqlx::query(SQL)
                .bind(id.as_str())
                .bind(record.version)
                .bind(stored::terms_text(&record.terms))
                .bind(&record.updated_by)
                .bind(record.updated_at.as_microsecond())
                .execute(pool)
                .await?
                .rows_affected()
        });
        if changed == 1 { Ok(()) } else { Err(Error::Stale { version: record.version }) }
    }

    /// Swaps the view for the next one.
    fn change(&self, next: impl FnOnce(&Shelves) -> Shelves) {
        let _one_writer = self.writer.lock().expect("no holder panics");
        let shelves = next(&self.shelves());
        self.current.store(Arc::new(shelves));
    }
}
