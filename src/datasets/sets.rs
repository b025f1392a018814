//! The sets of policies that were in force, so that the last good one survives whatever becomes of its
//! files.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::FromRow;

use super::{Error, Result};
use crate::{database::Database, on_pool};

/// The sets of policies in the database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PolicySets {
    database: Database,
}

/// A set of policies as it was put in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSet {
    /// Counts the sets that were put in force; the first is 1.
    pub epoch: u64,
    /// Its files, by their names.
    pub files: BTreeMap<String, String>,
    /// Who put it in force.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    epoch: i64,
    files: String,
    put_by: String,
    put_at: i64,
}

impl PolicySets {
    /// The sets in an open database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// The set that was put in force last.
    pub async fn last(&self) -> Result<Option<StoredSet>> {
        const SQL: &str = "SELECT epoch, files, put_by, put_at FROM policy_sets \
             ORDER BY epoch DESC LIMIT 1";
        let row: Option<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).fetch_optional(pool).await?
        });
        row.map(Row::read).transpose()
    }

    /// Writes a set down before it is in force. An epoch is written once: whoever comes second fails.
    pub async fn write(&self, set: &StoredSet) -> Result<()> {
        const SQL: &str = "INSERT INTO policy_sets (epoch, files, put_by, put_at) \
             VALUES ($1, $2, $3, $4)";
        let files = serde_json::to_string(&set.files).expect("plain data becomes text");
        let epoch = i64::try_from(set.epoch).unwrap_or(i64::MAX);
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL)
                .bind(epoch)
                .bind(files)
                .bind(&set.by)
                .bind(set.at.as_microsecond())
                .execute(pool)
                .await?;
        });
        Ok(())
    }
}

impl Row {
    fn read(self) -> Result<StoredSet> {
        let unreadable = |why: &dyn std::fmt::Display| {
            Error::Unreadable(format!("policies of epoch {}: {why}", self.epoch))
        };
        Ok(StoredSet {
            epoch: u64::try_from(self.epoch).map_err(|error| unreadable(&error))?,
            files: serde_json::from_str(&self.files).map_err(|error| unreadable(&error))?,
            by: self.put_by.clone(),
            at: Timestamp::from_microsecond(self.put_at).map_err(|error| unreadable(&error))?,
        })
    }
}
