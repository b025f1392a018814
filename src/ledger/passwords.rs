//! The sealed passwords of result archives, while they are taken over under another key.

use super::{Ledger, Result};
use crate::on_pool;

/// Passwords that are taken over in one transaction.
const BATCH: i64 = 500;

impl Ledger {
    /// Replaces sealed passwords by what `rewrap` makes of them, given a run's id and what is sealed for it;
    /// `None` leaves one as it is. It can be cut short at any instant.
    pub async fn rewrap_passwords(
        &self,
        mut rewrap: impl FnMut(&str, &str) -> Option<String>,
    ) -> Result<()> {
        const READ: &str = "SELECT run_id, sealed_password FROM runs \
             WHERE run_id > $1 AND sealed_password IS NOT NULL ORDER BY run_id LIMIT $2";
        const WRITE: &str =
            "UPDATE runs SET sealed_password = $3 WHERE run_id = $1 AND sealed_password = $2";
        let mut after = String::new();
        loop {
            let rows: Vec<(String, String)> = on_pool!(read &self.database, pool => {
                sqlx::query_as(READ).bind(&after).bind(BATCH).fetch_all(pool).await?
            });
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after.clone_from(last);
            let changed = rows
                .iter()
                .filter_map(|(run_id, sealed)| Some((run_id, sealed, rewrap(run_id, sealed)?)));
            let changed: Vec<_> = changed.collect();
            on_pool!(write &self.database, pool => {
                let mut all = pool.begin().await?;
                for (run_id, sealed, rewrapped) in changed {
                    sqlx::query(WRITE)
                        .bind(run_id)
                        .bind(sealed)
                        .bind(rewrapped)
                        .execute(&mut *all)
                        .await?;
                }
                all.commit().await?;
            });
        }
    }
}
