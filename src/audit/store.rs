//! The trail in the database. Entries are added, and never changed.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::{FromRow, QueryBuilder};

use super::{
    Act, Entry, Error, Head, Line, Result, Waiting,
    chain::{BEGINNING, hash},
};
use crate::{database::Database, on_pool};

/// Which entries are wanted. What is unset says nothing.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Acts of this kind.
    pub act: Option<Act>,
    /// Asked for by this caller: issuer, `#` and subject.
    pub caller: Option<String>,
    /// Of callers of this institution.
    pub institution: Option<String>,
    /// About this run.
    pub run_id: Option<String>,
    /// At this service.
    pub service: Option<String>,
    /// Of this study.
    pub study: Option<String>,
    /// With this dataset.
    pub dataset: Option<String>,
}

/// One entry as it stands in the trail.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Record {
    /// Its number, from 1 on.
    pub sequence: i64,
    /// The hash of the entry before it.
    pub previous: String,
    /// Its own.
    pub hash: String,
    /// What it says, as JSON.
    pub entry: String,
}

impl Record {
    /// The line of an export.
    pub fn line(self) -> Result<Line> {
        let entry =
            serde_json::value::RawValue::from_string(self.entry).map_err(|_| Error::Unwritable)?;
        Ok(Line { sequence: self.sequence, previous: self.previous, hash: self.hash, entry })
    }
}

/// Some entries.
#[derive(Debug)]
pub struct Page {
    /// The entries, oldest first.
    pub records: Vec<Record>,
    /// The number after which the next page starts, if there is more.
    pub next: Option<i64>,
}

/// What is hashed.
#[derive(Serialize)]
struct Written<'a> {
    sequence: i64,
    at: String,
    #[serde(flatten)]
    entry: &'a Entry,
}

/// Adds entries to the end of the chain, all or none. Where the chain ends is read anew each time: whoever
/// wrote before may have been stopped at any moment.
pub(super) async fn append(database: &Database, batch: &[Waiting]) -> Result<()> {
    const END: &str = "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1";
    const ADD: &str = "INSERT INTO audit (sequence, at, act, caller_id, institution, run_id, \
         service_id, study, dataset, entry, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    on_pool!(write database, pool => {
        let mut all = pool.begin().await?;
        let end: Option<(i64, String)> = sqlx::query_as(END).fetch_optional(&mut *all).await?;
        let (mut sequence, mut last) = end.unwrap_or((0, BEGINNING.to_owned()));
        for Waiting { at, entry, .. } in batch {
            sequence += 1;
            let written = Written { sequence, at: at.to_string(), entry };
            let text = serde_json::to_string(&written).map_err(|_| Error::Unwritable)?;
            last = hash(&last, &text);
            sqlx::query(ADD)
                .bind(sequence)
                .bind(at.as_microsecond())
                .bind(entry.act.as_str())
                .bind(entry.caller.as_deref())
                .bind(entry.institution.as_deref())
                .bind(entry.run_id.as_deref())
                .bind(entry.service.as_deref())
                .bind(entry.study.as_deref())
                .bind(entry.dataset.as_deref())
                .bind(text)
                .bind(&last)
                .execute(&mut *all)
                .await?;
        }
        all.commit().await?;
    });
    Ok(())
}

pub(super) async fn head(database: &Database) -> Result<Head> {
    const SQL: &str = "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1";
    let end: Option<(i64, String)> = on_pool!(read database, pool => {
        sqlx::query_as(SQL).fetch_optional(pool).await?
    });
    let (sequence, hash) = end.unwrap_or((0, BEGINNING.to_owned()));
    Ok(Head { sequence, hash })
}

pub(super) async fn page(
    database: &Database,
    filter: &Filter,
    after: i64,
    limit: u32,
) -> Result<Page> {
    const SQL: &str = "SELECT this.sequence, COALESCE(earlier.hash, '";
    const FROM: &str = "') AS previous, this.hash, this.entry FROM audit this \
         LEFT JOIN audit earlier ON earlier.sequence = this.sequence - 1 WHERE this.sequence > ";
    let columns = [
        (" AND this.act = ", filter.act.map(Act::as_str)),
        (" AND this.caller_id = ", filter.caller.as_deref()),
        (" AND this.institution = ", filter.institution.as_deref()),
        (" AND this.run_id = ", filter.run_id.as_deref()),
        (" AND this.service_id = ", filter.service.as_deref()),
        (" AND this.study = ", filter.study.as_deref()),
        (" AND this.dataset = ", filter.dataset.as_deref()),
    ];
    let times = [(" AND this.at >= ", filter.from), (" AND this.at < ", filter.to)];
    let mut records: Vec<Record> = on_pool!(read database, pool => {
        let mut query = QueryBuilder::new(SQL);
        query.push(BEGINNING).push(FROM).push_bind(after);
        for (condition, value) in columns {
            if let Some(value) = value {
                query.push(condition).push_bind(value.to_owned());
            }
        }
        for (condition, time) in times {
            if let Some(time) = time {
                query.push(condition).push_bind(time.as_microsecond());
            }
        }
        query.push(" ORDER BY this.sequence LIMIT ").push_bind(i64::from(limit) + 1);
        query.build_query_as().fetch_all(pool).await?
    });
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = records.len() > limit;
    records.truncate(limit);
    let next = records.last().filter(|_| more).map(|last| last.sequence);
    Ok(Page { records, next })
}
