//! Listing a caller's runs, and counting everybody's.

use std::collections::BTreeMap;

use super::{
    Entry, Ledger, Phase, Result,
    entry::{Row, columns, read_state},
};
use crate::{
    domain::{CallerId, RunId},
    ga4gh::wes::State,
    on_pool,
};

/// A page of a caller's runs, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The runs.
    pub runs: Vec<Entry>,
    /// The last run of this page, if there are more after it.
    pub next: Option<RunId>,
}

impl Ledger {
    /// A caller's runs, newest first, after the one that ended the page before. Ids sort by time, so
    /// runs that are submitted meanwhile move nothing.
    pub async fn list(&self, caller: &CallerId, after: Option<RunId>, limit: i64) -> Result<Page> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM runs WHERE caller_id = $1 AND run_id < $2 AND phase <> $3 \
             ORDER BY run_id DESC LIMIT $4"
        );
        // Sorts after every hexadecimal id.
        let before = after.map_or_else(|| "g".to_owned(), |run_id| run_id.to_string());
        let rows: Vec<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL)
                .bind(caller.as_str())
                .bind(before)
                .bind(Phase::Refused.as_str())
                .bind(limit + 1)
                .fetch_all(pool)
                .await?
        });
        let more = i64::try_from(rows.len()).is_ok_and(|found| found > limit);
        let mut runs = rows.into_iter().map(Entry::try_from).collect::<Result<Vec<_>>>()?;
        if more {
            runs.pop();
        }
        let next = runs.last().filter(|_| more).map(|entry| entry.run_id);
        Ok(Page { runs, next })
    }

    /// How many runs are in which state, over all callers.
    pub async fn count_states(&self) -> Result<BTreeMap<State, i64>> {
        const SQL: &str = "SELECT state, COUNT(*) FROM runs WHERE phase <> $1 GROUP BY state";
        let rows: Vec<(String, i64)> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(Phase::Refused.as_str()).fetch_all(pool).await?
        });
        rows.into_iter().map(|(word, count)| Ok((read_state(&word)?, count))).collect()
    }
}
