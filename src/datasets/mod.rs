//! What data stewards keep: the records of datasets, and the sets of policies that were in force.
//!
//! Records are few and read by every decision, so all of them are in memory as one immutable view.

mod document;
mod record;
mod sets;
mod store;

pub use self::{
    document::{DatasetDocument, TransferDocument},
    record::DatasetRecord,
    sets::{PolicySets, StoredSet},
    store::{Datasets, View},
};
use crate::domain::{DatasetId, Flaw};

/// The result of asking the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not do it; nothing was changed. A later moment may do.
    #[error("the records of datasets and policies cannot be read or written")]
    Database(#[from] sqlx::Error),
    /// What is stored cannot be understood; a newer gateway may have written it.
    #[error("a record of a dataset or of a set of policies cannot be read: {0}")]
    Unreadable(String),
    /// There is no such dataset.
    #[error("there is no dataset `{0}`")]
    Unknown(DatasetId),
    /// The id belongs to another dataset.
    #[error("the id `{0}` is taken")]
    Taken(DatasetId),
    /// Somebody else changed the record meanwhile.
    #[error("`{id}` was changed meanwhile: it is at version {version}")]
    Stale {
        /// Which dataset.
        id: DatasetId,
        /// The version that it is at.
        version: i64,
    },
    /// The document is wrong.
    #[error("{0}")]
    Flawed(Flaw),
    /// There are as many datasets as there may be.
    #[error("there are {0} datasets, and no more may be kept")]
    TooMany(usize),
}

impl From<Flaw> for Error {
    fn from(flaw: Flaw) -> Self {
        Self::Flawed(flaw)
    }
}
