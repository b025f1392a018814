//! What is written down about services, so that it survives a restart.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use sqlx::FromRow;
use tracing::error;

use super::{Mode, Record, ServiceDocument, Source};
use crate::{database::Database, domain::ServiceId, on_pool};

/// The records in the database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    database: Database,
}

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not do it; nothing was changed. A later moment may do.
    #[error("the records of services cannot be read or written")]
    Database(#[from] sqlx::Error),
    /// What is stored cannot be understood; a newer gateway may have written it.
    #[error("a record of a service cannot be read: {0}")]
    Unreadable(String),
}

#[derive(FromRow)]
struct Row {
    service_id: String,
    source: String,
    document: String,
    mode: String,
    mode_note: String,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

/// The columns of [`Row`].
const SELECT: &str = "SELECT service_id, source, document, mode, mode_note, version, created_at, \
     updated_at FROM services ";

impl Store {
    /// The store in an open database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// The records of all services that take part. One that cannot be read is told and left out.
    pub async fn load(&self) -> Result<BTreeMap<ServiceId, Record>, Error> {
        let sql = format!("{SELECT} WHERE removed_at IS NULL");
        let rows: Vec<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await?
        });
        let readable = |row: Row| match Record::try_from(row) {
            Ok(record) => Some((record.id().clone(), record)),
            Err(flaw) => {
                error!("{flaw}");
                None
            }
        };
        Ok(rows.into_iter().filter_map(readable).collect())
    }

    /// The last record of a service that was taken out.
    pub async fn removed(&self, id: &ServiceId) -> Result<Option<Record>, Error> {
        let sql = format!("{SELECT} WHERE service_id = $1 AND removed_at IS NOT NULL");
        let row: Option<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id.as_str()).fetch_optional(pool).await?
        });
        row.map(Record::try_from).transpose()
    }

    /// Writes records down instead of what there was, all or none.
    pub async fn write(&self, records: impl IntoIterator<Item = &Record>) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO services (service_id, source, document, mode, mode_note, \
             version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (service_id) DO UPDATE SET source = excluded.source, \
             document = excluded.document, mode = excluded.mode, mode_note = excluded.mode_note, \
             version = excluded.version, created_at = excluded.created_at, \
             updated_at = excluded.updated_at, removed_at = NULL";
        let mut rows = Vec::new();
        for record in records {
            let document = serde_json::to_string(&ServiceDocument::of(&record.service))
                .map_err(|error| Error::Unreadable(error.to_string()))?;
            rows.push((record, document));
        }
        on_pool!(write &self.database, pool => {
            let mut all = pool.begin().await?;
            for (record, document) in rows {
                sqlx::query(SQL)
                    .bind(record.id().as_str())
                    .bind(record.source.as_str())
                    .bind(document)
                    .bind(record.mode.as_str())
                    .bind(&record.mode_note)
                    .bind(record.version)
                    .bind(record.created_at.as_microsecond())
                    .bind(record.updated_at.as_microsecond())
                    .execute(&mut *all)
                    .await?;
            }
            all.commit().await?;
        });
        Ok(())
    }

    /// Marks a service as taken out. Its record is kept, since runs are tied to its id.
    pub async fn remove(&self, id: &ServiceId, now: Timestamp) -> Result<(), Error> {
        const SQL: &str = "UPDATE services SET removed_at = $2 WHERE service_id = $1";
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL).bind(id.as_str()).bind(now.as_microsecond()).execute(pool).await?;
        });
        Ok(())
    }
}

impl TryFrom<Row> for Record {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let id = row.service_id;
        let unreadable = |what: &str| Error::Unreadable(format!("{id}: {what}"));
        let document: ServiceDocument =
            serde_json::from_str(&row.document).map_err(|error| unreadable(&error.to_string()))?;
        let time = |micros| Timestamp::from_microsecond(micros).map_err(|_| unreadable("time"));
        Ok(Self {
            service: Arc::new(document.to_service().map_err(|flaw| unreadable(&flaw.why))?),
            source: Source::parse(&row.source).ok_or_else(|| unreadable(&row.source))?,
            mode: Mode::parse(&row.mode).ok_or_else(|| unreadable(&row.mode))?,
            mode_note: row.mode_note,
            version: row.version,
            created_at: time(row.created_at)?,
            updated_at: time(row.updated_at)?,
        })
    }
}
