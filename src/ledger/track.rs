//! Following a placed run to its end.

use std::collections::HashSet;

use jiff::Timestamp;
use sqlx::FromRow;

use super::{
    Entry, Ledger, Phase, Result,
    entry::{Row, columns, read_id, read_state, unreadable},
};
use crate::{
    domain::{BackendRunId, CallerId, RunId, ServiceId},
    ga4gh::wes::State,
    on_pool,
};

/// A placed run of which not everything is known yet.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveRun {
    /// Id of the run.
    pub run_id: RunId,
    /// Whose it is.
    pub caller_id: CallerId,
    /// Its id at the service.
    pub backend_run_id: BackendRunId,
    /// Its state so far.
    pub state: State,
    /// When its caller asked to cancel it.
    pub cancel_asked_at: Option<Timestamp>,
    /// It was sent with its caller's own credential.
    pub own_credential: bool,
    /// When it was submitted.
    pub created_at: Timestamp,
}

/// A run whose submission did not come to an end that the ledger knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsettled {
    /// The run.
    pub run_id: RunId,
    /// How far it came.
    pub phase: Phase,
    /// The service that may have it.
    pub service_id: Option<ServiceId>,
    /// Whose it is.
    pub caller_id: CallerId,
    /// It was sent with its caller's own credential.
    pub own_credential: bool,
    /// When it was submitted.
    pub created_at: Timestamp,
}

/// What is new about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its state now.
    pub state: State,
    /// The service's own word for it.
    pub word: String,
    /// The service has deleted the results.
    pub expired: bool,
}

#[derive(FromRow)]
struct LiveRow {
    run_id: String,
    caller_id: String,
    backend_run_id: String,
    state: String,
    cancel_asked_at: Option<i64>,
    own_credential: i64,
    created_at: i64,
}

impl Ledger {
    /// One run, whoever asks.
    pub async fn get(&self, run_id: &RunId) -> Result<Option<Entry>> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM runs WHERE run_id = $1");
        let row: Option<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(run_id.to_string()).fetch_optional(pool).await?
        });
        row.map(Entry::try_from).transpose()
    }

    /// The placed runs of a service that have not ended, or of whose end not everything was read: those
    /// first that were not seen for longest, at most `limit`.
    pub async fn live_runs(&self, service: &ServiceId, limit: i64) -> Result<Vec<LiveRun>> {
        const SQL: &str = "SELECT run_id, caller_id, backend_run_id, state, cancel_asked_at, \
             own_credential, created_at FROM runs WHERE phase = $1 AND service_id = $2 \
             AND backend_run_id IS NOT NULL ORDER BY COALESCE(seen_at, 0), run_id LIMIT $3";
        let rows: Vec<LiveRow> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL)
                .bind(Phase::Placed.as_str())
                .bind(service.as_str())
                .bind(limit)
                .fetch_all(pool)
                .await?
        });
        rows.into_iter().map(LiveRun::try_from).collect()
    }

    /// Whether any run went to a service, or may have gone there.
    pub async fn knows_runs_of(&self, service: &ServiceId) -> Result<bool> {
        const SQL: &str = "SELECT run_id FROM runs WHERE service_id = $1 LIMIT 1";
        let found: Option<(String,)> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(service.as_str()).fetch_optional(pool).await?
        });
        Ok(found.is_some())
    }

    /// Whether a service has runs, or may have, whose end is not known.
    pub async fn has_open_runs(&self, service: &ServiceId) -> Result<bool> {
        const SQL: &str = "SELECT run_id FROM runs WHERE service_id = $1 \
             AND phase IN ('sending', 'uncertain', 'placed') LIMIT 1";
        let found: Option<(String,)> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(service.as_str()).fetch_optional(pool).await?
        });
        Ok(found.is_some())
    }

    /// The services that have runs to follow.
    pub async fn services_with_live_runs(&self) -> Result<Vec<ServiceId>> {
        const SQL: &str = "SELECT DISTINCT service_id FROM runs WHERE phase = $1 \
             AND service_id IS NOT NULL AND backend_run_id IS NOT NULL";
        let ids: Vec<(String,)> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(Phase::Placed.as_str()).fetch_all(pool).await?
        });
        ids.iter().map(|(id,)| read_id(id)).collect()
    }

    /// The runs whose submission did not come to an end that the ledger knows.
    pub async fn unsettled(&self) -> Result<Vec<Unsettled>> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM runs WHERE phase IN ('open', 'sending', 'uncertain') ORDER BY run_id"
        );
        let rows: Vec<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).fetch_all(pool).await?
        });
        rows.into_iter()
            .map(|row| {
                let entry = Entry::try_from(row)?;
                Ok(Unsettled {
                    run_id: entry.run_id,
                    phase: entry.phase,
                    service_id: entry.service_id,
                    caller_id: entry.caller_id,
                    own_credential: entry.own_credential,
                    created_at: entry.created_at,
                })
            })
            .collect()
    }

    /// The ids at a service that belong to runs of the ledger since a time.
    pub async fn known_runs(
        &self,
        service: &ServiceId,
        since: Timestamp,
    ) -> Result<HashSet<BackendRunId>> {
        const SQL: &str = "SELECT backend_run_id FROM runs WHERE service_id = $1 \
             AND created_at >= $2 AND backend_run_id IS NOT NULL";
        let ids: Vec<(String,)> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL)
                .bind(service.as_str())
                .bind(since.as_microsecond())
                .fetch_all(pool)
                .await?
        });
        Ok(ids.into_iter().map(|(id,)| BackendRunId::new(id)).collect())
    }

    /// Writes down what a service told of a run that was in the state `before`; if it is in another by
    /// now, such as a terminal one, that stays, and only the expiry of the results is added. Returns
    /// whether the state changed.
    pub async fn observe(&self, run_id: &RunId, before: State, seen: &Seen) -> Result<bool> {
        const STATE: &str = "UPDATE runs SET state = $2, word = $3, \
             started_at = CASE WHEN started_at IS NULL AND $4 = 1 THEN $5 ELSE started_at END, \
             ended_at = CASE WHEN $6 = 1 THEN $5 ELSE ended_at END \
             WHERE run_id = $1 AND ended_at IS NULL AND state = $7 AND (state <> $2 OR word <> $3)";
        const SIGHT: &str = "UPDATE runs SET seen_at = $2, \
             expired = CASE WHEN $3 = 1 THEN 1 ELSE expired END WHERE run_id = $1";
        let now = self.now();
        let begun = matches!(seen.state, State::Running) || seen.state.is_terminal();
        let changed = on_pool!(write &self.database, pool => {
            let mut both = pool.begin().await?;
            let changed = sqlx::query(STATE)
                .bind(run_id.to_string())
                .bind(seen.state.as_str())
                .bind(&seen.word)
                .bind(i64::from(begun))
                .bind(now)
                .bind(i64::from(seen.state.is_terminal()))
                .bind(before.as_str())
                .execute(&mut *both)
                .await?
                .rows_affected();
            sqlx::query(SIGHT)
                .bind(run_id.to_string())
                .bind(now)
                .bind(i64::from(seen.expired))
                .execute(&mut *both)
                .await?;
            both.commit().await?;
            changed
        });
        Ok(changed > 0)
    }

    /// Keeps all that a service told about a run that has ended; nobody needs to ask again.
    pub async fn settle(&self, run_id: &RunId, details: Option<&str>) -> Result<()> {
        const SQL: &str = "UPDATE runs SET phase = $2, details = $3 WHERE run_id = $1";
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL)
                .bind(run_id.to_string())
                .bind(Phase::Settled.as_str())
                .bind(details)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Writes down that the caller asked to cancel the run, unless it has ended. Returns whether it was
    /// the first time.
    pub async fn ask_cancel(&self, run_id: &RunId) -> Result<bool> {
        const SQL: &str = "UPDATE runs SET state = $2, cancel_asked_at = $3 \
             WHERE run_id = $1 AND ended_at IS NULL AND cancel_asked_at IS NULL";
        let changed = on_pool!(write &self.database, pool => {
            sqlx::query(SQL)
                .bind(run_id.to_string())
                .bind(State::Canceling.as_str())
                .bind(self.now())
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(changed > 0)
    }
}

impl TryFrom<LiveRow> for LiveRun {
    type Error = super::Error;

    fn try_from(row: LiveRow) -> Result<Self> {
        let time = |micros| Timestamp::from_microsecond(micros).map_err(unreadable);
        Ok(Self {
            run_id: read_id(&row.run_id)?,
            caller_id: CallerId::from_stored(row.caller_id),
            backend_run_id: BackendRunId::new(row.backend_run_id),
            state: read_state(&row.state)?,
            cancel_asked_at: row.cancel_asked_at.map(time).transpose()?,
            own_credential: row.own_credential != 0,
            created_at: time(row.created_at)?,
        })
    }
}
