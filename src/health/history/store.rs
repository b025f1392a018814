//! The history in the database: three tiers in one table, each made of the one before it as that gets old.

use jiff::Timestamp;
use sqlx::FromRow;

use super::{
    Incident,
    period::Period,
    sample::{HOUR, read},
};
use crate::{database::Database, domain::ServiceId, health::Config, on_pool};

pub(super) const DETAIL: i64 = 0;
pub(super) const HOURLY: i64 = 1;
pub(super) const DAILY: i64 = 2;

pub(super) const DAY: i64 = 24 * HOUR;

/// Rows of one transaction: writers of runs wait no longer than for these.
const AT_ONCE: usize = 256;

#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) database: Database,
}

/// A stretch of time of one service.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub(super) struct Row {
    pub(super) service_id: String,
    pub(super) tier: i64,
    pub(super) start_at: i64,
    pub(super) data: Vec<u8>,
}

#[derive(FromRow)]
struct IncidentRow {
    incident_id: String,
    service_id: String,
    why: String,
    began_at: i64,
    ended_at: Option<i64>,
}

impl Row {
    /// Drawn together.
    pub(super) fn period(&self, now: i64) -> Period {
        if self.tier != DETAIL {
            return Period::from_bytes(&self.data);
        }
        let samples: Vec<_> = read(self.start_at, &self.data).collect();
        Period::of_hour(self.start_at, &samples, now)
    }
}

const UPSERT: &str = "INSERT INTO health_history (service_id, tier, start_at, data) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (service_id, tier, start_at) \
     DO UPDATE SET data = excluded.data";
const DELETE: &str =
    "DELETE FROM health_history WHERE service_id = $1 AND tier = $2 AND start_at = $3";

impl Store {
    /// Writes rows and incidents, instead of what there was, and takes other rows out. One transaction
    /// for so many at a time.
    pub(super) async fn write(
        &self,
        rows: &[Row],
        gone: &[Row],
        incidents: &[Incident],
    ) -> sqlx::Result<()> {
        const INCIDENT: &str = "INSERT INTO health_incidents (incident_id, service_id, why, \
             began_at, ended_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (incident_id) DO UPDATE SET ended_at = excluded.ended_at";
        on_pool!(write &self.database, pool => {
            let mut transaction = pool.begin().await?;
            for row in rows {
                sqlx::query(UPSERT)
                    .bind(&row.service_id)
                    .bind(row.tier)
                    .bind(row.start_at)
                    .bind(&row.data)
                    .execute(&mut *transaction)
                    .await?;
            }
            for row in gone {
                sqlx::query(DELETE)
                    .bind(&row.service_id)
                    .bind(row.tier)
                    .bind(row.start_at)
                    .execute(&mut *transaction)
                    .await?;
            }
            for incident in incidents {
                sqlx::query(INCIDENT)
                    .bind(&incident.id)
                    .bind(incident.service.as_str())
                    .bind(&incident.why)
                    .bind(incident.since.as_microsecond())
                    .bind(incident.until.map(Timestamp::as_microsecond))
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await
        })
    }

    /// The same, in several transactions.
    pub(super) async fn write_all(&self, rows: &[Row], incidents: &[Incident]) -> sqlx::Result<()> {
        for some in rows.chunks(AT_ONCE) {
            self.write(some, &[], &[]).await?;
        }
        for some in incidents.chunks(AT_ONCE) {
            self.write(&[], &[], some).await?;
        }
        Ok(())
    }

    /// What is known of a service between two times, oldest first.
    pub(super) async fn rows(
        &self,
        service: &ServiceId,
        from: i64,
        to: i64,
    ) -> sqlx::Result<Vec<Row>> {
        const SQL: &str = "SELECT service_id, tier, start_at, data FROM health_history \
             WHERE service_id = $1 AND start_at >= $2 AND start_at < $3 ORDER BY start_at, tier";
        on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(service.as_str()).bind(from).bind(to).fetch_all(pool).await
        })
    }

    /// The hours at or after a time, of all services.
    pub(super) async fn hours_since(&self, hour: i64) -> sqlx::Result<Vec<Row>> {
        const SQL: &str = "SELECT service_id, tier, start_at, data FROM health_history \
             WHERE tier = $1 AND start_at >= $2";
        on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(DETAIL).bind(hour).fetch_all(pool).await
        })
    }

    /// The newest incidents of a service that had not ended at `from`, newest first.
    pub(super) async fn incidents(
        &self,
        service: &ServiceId,
        from: i64,
        limit: i64,
    ) -> sqlx::Result<Vec<Incident>> {
        const SQL: &str = "SELECT incident_id, service_id, why, began_at, ended_at \
             FROM health_incidents WHERE service_id = $1 AND (ended_at IS NULL OR ended_at >= $2) \
             ORDER BY began_at DESC LIMIT $3";
        let rows: Vec<IncidentRow> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(service.as_str()).bind(from).bind(limit).fetch_all(pool).await?
        });
        Ok(rows.into_iter().filter_map(Incident::read).collect())
    }

    /// The incidents that have not ended, of all services.
    pub(super) async fn open_incidents(&self) -> sqlx::Result<Vec<Incident>> {
        const SQL: &str = "SELECT incident_id, service_id, why, began_at, ended_at \
             FROM health_incidents WHERE ended_at IS NULL";
        let rows: Vec<IncidentRow> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).fetch_all(pool).await?
        });
        Ok(rows.into_iter().filter_map(Incident::read).collect())
    }

    /// Draws together what is older than it is kept in detail, and forgets what is older still. A crash
    /// in between loses nothing: each step is one transaction.
    pub(super) async fn roll_up(&self, config: &Config, now: i64) -> sqlx::Result<()> {
        let ago = |length: std::time::Duration, step: i64| {
            let cut = now - i64::try_from(length.as_micros()).unwrap_or(i64::MAX / 2);
            cut - cut.rem_euclid(step)
        };
        while self.draw(DETAIL, ago(config.detail_for, HOUR), HOURLY, HOUR).await? {}
        while self.draw(HOURLY, ago(config.hourly_for, DAY), DAILY, DAY).await? {}
        self.forget(ago(config.daily_for, DAY)).await
    }

    /// Moves some rows up a tier. Says whether there may be more.
    async fn draw(&self, tier: i64, before: i64, upper: i64, step: i64) -> sqlx::Result<bool> {
        const SQL: &str = "SELECT service_id, tier, start_at, data FROM health_history \
             WHERE tier = $1 AND start_at < $2 ORDER BY start_at LIMIT $3";
        let old: Vec<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(tier).bind(before).bind(AT_ONCE as i64).fetch_all(pool).await?
        });
        let mut drawn: std::collections::BTreeMap<(String, i64), Period> = Default::default();
        for row in &old {
            let start = row.start_at - row.start_at.rem_euclid(step);
            let key = (row.service_id.clone(), start);
            if !drawn.contains_key(&key) {
                let known = self.one(&row.service_id, upper, start).await?;
                drawn.insert(key.clone(), known.map(|row| row.period(0)).unwrap_or_default());
            }
            drawn.entry(key).or_default().merge(&row.period(i64::MAX));
        }
        let drawn: Vec<Row> = drawn
            .into_iter()
            .map(|((service_id, start_at), period)| Row {
                service_id,
                tier: upper,
                start_at,
                data: period.to_bytes(),
            })
            .collect();
        self.write(&drawn, &old, &[]).await?;
        Ok(old.len() == AT_ONCE)
    }

    async fn one(&self, service: &str, tier: i64, start: i64) -> sqlx::Result<Option<Row>> {
        const SQL: &str = "SELECT service_id, tier, start_at, data FROM health_history \
             WHERE service_id = $1 AND tier = $2 AND start_at = $3";
        on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(service).bind(tier).bind(start).fetch_optional(pool).await
        })
    }

    async fn forget(&self, before: i64) -> sqlx::Result<()> {
        on_pool!(write &self.database, pool => {
            sqlx::query("DELETE FROM health_history WHERE tier = $1 AND start_at < $2")
                .bind(DAILY)
                .bind(before)
                .execute(pool)
                .await?;
            sqlx::query("DELETE FROM health_incidents WHERE ended_at < $1")
                .bind(before)
                .execute(pool)
                .await?;
        });
        Ok(())
    }
}

impl Incident {
    fn read(row: IncidentRow) -> Option<Self> {
        let time = |micros| Timestamp::from_microsecond(micros).ok();
        Some(Self {
            id: row.incident_id,
            service: row.service_id.parse().ok()?,
            why: row.why,
            since: time(row.began_at)?,
            until: row.ended_at.and_then(time),
        })
    }
}
