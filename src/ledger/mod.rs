//! The ledger: whose a run is, where it went and why, and how it first ended.
//!
//! It knows a run before any service does, and is the only source of whose it is. The first terminal
//! state is kept for ever, whatever a service says later.

mod entry;
mod list;
mod open;
mod passwords;
mod settle;
mod track;

use std::sync::Arc;

use crate::{database::Database, domain::Clock};

pub use self::{
    entry::{Attempt, Entry, Note, Outcome, Phase},
    list::Page,
    open::{NewRun, Opened},
    track::{LiveRun, Seen, Unsettled},
};

/// The ledger. Cheap to clone; clones write to one database.
#[derive(Debug, Clone)]
pub struct Ledger {
    database: Database,
    clock: Arc<dyn Clock>,
}

/// Why the ledger could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not do it; nothing was changed. A later moment may do.
    #[error("the ledger cannot be read or written")]
    Database(#[from] sqlx::Error),
    /// What is stored cannot be understood; a newer gateway may have written it.
    #[error("the ledger holds something that cannot be read: {0}")]
    Unreadable(String),
}

/// The result of asking the ledger.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Ledger {
    /// The ledger in an open database.
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    /// Whether the database answers.
    pub async fn check(&self) -> Result<()> {
        crate::on_pool!(read &self.database, pool => {
            sqlx::query("SELECT 1").execute(pool).await?;
        });
        Ok(())
    }

    fn now(&self) -> i64 {
        self.clock.now().as_microsecond()
    }
}
