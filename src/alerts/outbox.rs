//! The messages that are still to be sent: they outlive the process, and go out in order.

use super::{Result, alert::Delivery, store::Store};
use crate::on_pool;

impl Store {
    /// The messages that are due on a channel. One about an alert waits for those before it.
    pub(super) async fn due(&self, channel: &str, now: i64, limit: i64) -> Result<Vec<Delivery>> {
        const SQL: &str = "SELECT id, channel, kind, payload, state, attempts, next_at, delivered_at, \
             last_error FROM deliveries AS d WHERE state = 'pending' AND channel = $1 AND next_at <= $2 \
             AND NOT EXISTS (SELECT 1 FROM deliveries AS e WHERE e.alert_id = d.alert_id \
             AND e.channel = d.channel AND e.state = 'pending' AND e.id < d.id) \
             ORDER BY next_at, id LIMIT $3";
        Ok(on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(channel).bind(now).bind(limit).fetch_all(pool).await?
        }))
    }

    /// When the next message is due on a channel, if any waits.
    pub(super) async fn next_due(&self, channel: &str) -> Result<Option<i64>> {
        const SQL: &str = "SELECT MIN(next_at) FROM deliveries AS d WHERE state = 'pending' \
             AND channel = $1 AND NOT EXISTS (SELECT 1 FROM deliveries AS e \
             WHERE e.alert_id = d.alert_id AND e.channel = d.channel AND e.state = 'pending' \
             AND e.id < d.id)";
        let (next,): (Option<i64>,) = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(channel).fetch_one(pool).await?
        });
        Ok(next)
    }

    /// The message was taken.
    pub(super) async fn delivered(&self, id: &str, now: i64) -> Result<()> {
        const SQL: &str = "UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, \
             delivered_at = $2, next_at = NULL WHERE id = $1";
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL).bind(id).bind(now).execute(pool).await?;
        });
        Ok(())
    }

    /// The message was not taken: it is tried again at a time, or never.
    pub(super) async fn missed(&self, id: &str, error: &str, next_at: Option<i64>) -> Result<()> {
        const SQL: &str = "UPDATE deliveries SET state = $2, attempts = attempts + 1, \
             last_error = $3, next_at = $4 WHERE id = $1";
        let state = if next_at.is_some() { "pending" } else { "failed" };
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL).bind(id).bind(state).bind(error).bind(next_at).execute(pool).await?;
        });
        Ok(())
    }

    /// Gives up what waits for channels that are not there any more.
    pub(super) async fn give_up_without(&self, channels: &[&str]) -> Result<()> {
        const WAITING: &str = "SELECT DISTINCT channel FROM deliveries WHERE state = 'pending'";
        const SQL: &str = "UPDATE deliveries SET state = 'failed', next_at = NULL, last_error = $2 \
             WHERE state = 'pending' AND channel = $1";
        let waiting: Vec<(String,)> = on_pool!(read &self.database, pool => {
            sqlx::query_as(WAITING).fetch_all(pool).await?
        });
        for (channel,) in waiting.iter().filter(|(name,)| !channels.contains(&name.as_str())) {
            on_pool!(write &self.database, pool => {
                sqlx::query(SQL)
                    .bind(channel)
                    .bind("the channel is not configured any more")
                    .execute(pool)
                    .await?;
            });
        }
        Ok(())
    }
}
