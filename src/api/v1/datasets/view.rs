//! A dataset as the API shows it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    datasets::{DatasetDocument, DatasetRecord},
    ga4gh::time,
};

/// A dataset: what its steward wrote, and what follows from it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DatasetView {
    /// What its steward wrote.
    #[serde(flatten)]
    document: DatasetDocument,
    /// The countries that its data come from, blocs written out.
    countries: Vec<String>,
    /// Counts the changes; it is the `ETag` too.
    version: i64,
    /// Who changed it last.
    updated_by: String,
    /// When it was last changed.
    updated_at: String,
}

impl DatasetView {
    pub(super) fn of(record: &DatasetRecord) -> Self {
        Self {
            document: record.document.clone(),
            countries: record.dataset.origin.iter().map(|country| country.to_string()).collect(),
            version: record.version,
            updated_by: record.updated_by.clone(),
            updated_at: time::format(record.updated_at),
        }
    }
}
