//! A dataset as it is kept.

use std::sync::Arc;

use jiff::Timestamp;

use super::DatasetDocument;
use crate::domain::Dataset;

/// A dataset as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetRecord {
    /// What its steward wrote.
    pub document: DatasetDocument,
    /// The same, understood.
    pub dataset: Arc<Dataset>,
    /// Counts the changes; the first is 1, and an id that was used before goes on counting.
    pub version: i64,
    /// Who changed it last.
    pub updated_by: String,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
