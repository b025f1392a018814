//! Credentials that callers have entered, at rest. Each opens for its caller, its service and the origin
//! that it was entered for only, so that no change of a row sends it elsewhere.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::FromRow;
use tracing::error;

use super::{Error, Rewrapped, Sealer, expires_at, stored};
use crate::{
    database::Database,
    domain::{CallerId, Credential, Lack, Service, ServiceId},
    on_pool,
};

/// Sealed texts that are taken over in one transaction.
const BATCH: i64 = 500;

/// What is known of a caller's credential, but for the credential itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnCredential {
    /// For which service.
    pub service: ServiceId,
    /// Its kind, such as `header`.
    pub kind: String,
    /// The only place that it is sent to: scheme, host and port.
    pub origin: String,
    /// Whether the service showed that it tells good credentials from bad ones.
    pub proven: bool,
    /// When it expires, where it says so.
    pub expires_at: Option<Timestamp>,
    /// When it was entered, and the service accepted it.
    pub entered_at: Timestamp,
}

/// A credential whose end is near.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Whose it is.
    pub caller: CallerId,
    /// For which service.
    pub service: ServiceId,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How many warnings were given.
    pub warned: usize,
}

impl OwnCredential {
    /// What keeps the credential from being shown to its service now.
    pub fn lack(&self, service: &Service, now: Timestamp) -> Option<Lack> {
        if self.origin != origin(service) {
            return Some(Lack::Moved { entered_for: self.origin.clone() });
        }
        self.expires_at.filter(|at| *at <= now).map(Lack::Expired)
    }
}

/// The place of a service: scheme, host and port.
pub(super) fn origin(service: &Service) -> String {
    service.url.origin().ascii_serialization()
}

#[derive(Debug)]
pub(super) struct Callers {
    database: Database,
    sealer: Sealer,
}

#[derive(FromRow)]
struct Row {
    service_id: String,
    kind: String,
    origin: String,
    proven: i64,
    expires_at: Option<i64>,
    entered_at: i64,
}

/// The id of a record. Neither an origin nor the id of a service holds a line break.
fn record(caller: &str, service: &str, origin: &str) -> String {
    format!("{origin}\n{service}\n{caller}")
}

impl Callers {
    pub(super) fn new(database: Database, sealer: Sealer) -> Self {
        Self { database, sealer }
    }

    /// Seals a credential in place of the one before. Says whether there was none before.
    pub(super) async fn put(
        &self,
        caller: &CallerId,
        service: &Service,
        credential: &Credential,
        proven: bool,
        now: Timestamp,
    ) -> Result<OwnCredential, Error> {
        const SQL: &str = "INSERT INTO caller_credentials (caller_id, service_id, origin, kind, \
             sealed, proven, expires_at, entered_at, warned) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0) \
             ON CONFLICT (caller_id, service_id) DO UPDATE SET origin = excluded.origin, \
             kind = excluded.kind, sealed = excluded.sealed, proven = excluded.proven, \
             expires_at = excluded.expires_at, entered_at = excluded.entered_at, warned = 0";
        let own = OwnCredential {
            service: service.id.clone(),
            kind: credential.kind().to_owned(),
            origin: origin(service),
            proven,
            expires_at: expires_at(credential),
            entered_at: now,
        };
        let record = record(caller.as_str(), service.id.as_str(), &own.origin);
        let sealed = stored::seal(&self.sealer, &record, credential)?;
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL)
                .bind(caller.as_str())
                .bind(own.service.as_str())
                .bind(&own.origin)
                .bind(&own.kind)
                .bind(sealed)
                .bind(i64::from(proven))
                .bind(own.expires_at.map(Timestamp::as_microsecond))
                .bind(now.as_microsecond())
                .execute(pool)
                .await?;
        });
        Ok(own)
    }

    /// The credential of a caller for a service, or why it cannot be shown there.
    pub(super) async fn open(
        &self,
        caller: &CallerId,
        service: &Service,
        now: Timestamp,
    ) -> Result<Result<Credential, Lack>, Error> {
        const SQL: &str = "SELECT service_id, kind, origin, proven, expires_at, entered_at, sealed \
             FROM caller_credentials WHERE caller_id = $1 AND service_id = $2";
        #[derive(FromRow)]
        struct Whole {
            #[sqlx(flatten)]
            row: Row,
            sealed: String,
        }
        let found: Option<Whole> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL)
                .bind(caller.as_str())
                .bind(service.id.as_str())
                .fetch_optional(pool)
                .await?
        });
        let Some(Whole { row, sealed }) = found else { return Ok(Err(Lack::Missing)) };
        let own = OwnCredential::of(service.id.clone(), row);
        if let Some(lack) = own.lack(service, now) {
            return Ok(Err(lack));
        }
        let record = record(caller.as_str(), service.id.as_str(), &own.origin);
        Ok(stored::open(&self.sealer, &record, &sealed).map_err(|why| {
            error!(service.id = %service.id, "a caller's credential cannot be opened: {why}");
            Lack::Unreadable
        }))
    }

    /// All credentials of a caller, by service.
    pub(super) async fn list(&self, caller: &CallerId) -> Result<Vec<OwnCredential>, Error> {
        const SQL: &str = "SELECT service_id, kind, origin, proven, expires_at, entered_at \
             FROM caller_credentials WHERE caller_id = $1 ORDER BY service_id";
        let rows: Vec<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(caller.as_str()).fetch_all(pool).await?
        });
        let own = rows.into_iter().filter_map(|row| {
            let id = row.service_id.parse().ok()?;
            Some(OwnCredential::of(id, row))
        });
        Ok(own.collect())
    }

    /// Forgets a credential. Says whether there was one.
    pub(super) async fn remove(
        &self,
        caller: &CallerId,
        service: &ServiceId,
    ) -> Result<bool, Error> {
        const SQL: &str = "DELETE FROM caller_credentials WHERE caller_id = $1 AND service_id = $2";
        let removed = on_pool!(write &self.database, pool => {
            sqlx::query(SQL)
                .bind(caller.as_str())
                .bind(service.as_str())
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(removed > 0)
    }

    /// Forgets the credentials of all callers for a service.
    pub(super) async fn remove_all_of(&self, service: &ServiceId) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM caller_credentials WHERE service_id = $1";
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL).bind(service.as_str()).execute(pool).await?;
        });
        Ok(())
    }

    /// The credentials that end before a time, and of whose end fewer than `warned` warnings were given.
    pub(super) async fn ending(
        &self,
        before: Timestamp,
        warned: usize,
    ) -> Result<Vec<Ending>, Error> {
        const SQL: &str = "SELECT caller_id, service_id, expires_at, warned FROM caller_credentials \
             WHERE expires_at IS NOT NULL AND expires_at <= $1 AND warned < $2 \
             ORDER BY expires_at LIMIT 1000";
        let rows: Vec<(String, String, i64, i64)> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL)
                .bind(before.as_microsecond())
                .bind(i64::try_from(warned).unwrap_or(i64::MAX))
                .fetch_all(pool)
                .await?
        });
        let ending = rows.into_iter().filter_map(|(caller, service, expires_at, warned)| {
            Some(Ending {
                caller: CallerId::from_stored(caller),
                service: service.parse().ok()?,
                expires_at: Timestamp::from_microsecond(expires_at).ok()?,
                warned: usize::try_from(warned).unwrap_or_default(),
            })
        });
        Ok(ending.collect())
    }

    /// Writes down how many warnings were given of the end of a credential. One that was renewed meanwhile
    /// is left alone.
    pub(super) async fn set_warned(&self, ending: &Ending, warned: usize) -> Result<bool, Error> {
        const SQL: &str = "UPDATE caller_credentials SET warned = $4 \
             WHERE caller_id = $1 AND service_id = $2 AND expires_at = $3";
        let changed = on_pool!(write &self.database, pool => {
            sqlx::query(SQL)
                .bind(ending.caller.as_str())
                .bind(ending.service.as_str())
                .bind(ending.expires_at.as_microsecond())
                .bind(i64::try_from(warned).unwrap_or(i64::MAX))
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(changed > 0)
    }

    /// For each service, how many credentials of callers end between two times, and when the first does.
    pub(super) async fn ending_by_service(
        &self,
        after: Timestamp,
        before: Timestamp,
    ) -> Result<BTreeMap<ServiceId, (usize, Timestamp)>, Error> {
        const SQL: &str = "SELECT service_id, COUNT(*), MIN(expires_at) FROM caller_credentials \
             WHERE expires_at > $1 AND expires_at <= $2 GROUP BY service_id";
        let rows: Vec<(String, i64, i64)> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL)
                .bind(after.as_microsecond())
                .bind(before.as_microsecond())
                .fetch_all(pool)
                .await?
        });
        let read = |(id, count, first): (String, i64, i64)| {
            let first = Timestamp::from_microsecond(first).ok()?;
            Some((id.parse().ok()?, (usize::try_from(count).ok()?, first)))
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Takes all over under the current master key, some in one transaction.
    pub(super) async fn rewrap(&self) -> Result<Rewrapped, Error> {
        const READ: &str = "SELECT caller_id, service_id, origin, sealed FROM caller_credentials \
             WHERE caller_id > $1 OR (caller_id = $1 AND service_id > $2) \
             ORDER BY caller_id, service_id LIMIT $3";
        const WRITE: &str = "UPDATE caller_credentials SET sealed = $4 \
             WHERE caller_id = $1 AND service_id = $2 AND sealed = $3";
        let mut done = Rewrapped::default();
        let mut after = (String::new(), String::new());
        loop {
            let rows: Vec<(String, String, String, String)> = on_pool!(read &self.database, pool => {
                sqlx::query_as(READ)
                    .bind(&after.0)
                    .bind(&after.1)
                    .bind(BATCH)
                    .fetch_all(pool)
                    .await?
            });
            let Some(last) = rows.last() else { return Ok(done) };
            after = (last.0.clone(), last.1.clone());
            on_pool!(write &self.database, pool => {
                let mut all = pool.begin().await?;
                for (caller, service, origin, sealed) in &rows {
                    let record = record(caller, service, origin);
                    if let Some(rewrapped) = done.count(&self.sealer, &record, sealed) {
                        sqlx::query(WRITE)
                            .bind(caller)
                            .bind(service)
                            .bind(sealed)
                            .bind(rewrapped)
                            .execute(&mut *all)
                            .await?;
                    }
                }
                all.commit().await?;
            });
        }
    }
}

impl OwnCredential {
    fn of(service: ServiceId, row: Row) -> Self {
        let time = |micros| Timestamp::from_microsecond(micros).ok();
        Self {
            service,
            kind: row.kind,
            origin: row.origin,
            proven: row.proven != 0,
            expires_at: row.expires_at.and_then(time),
            entered_at: time(row.entered_at).unwrap_or_default(),
        }
    }
}
