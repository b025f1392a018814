//! Opening a run: the durable intent, before any service hears of it.

use super::{
    Entry, Ledger, Phase, Result,
    entry::{Row, columns},
};
use crate::{
    domain::{Caller, CallerId, RunId},
    ga4gh::wes::{RunRequest, State},
    on_pool,
};

/// What is known of a run when it is opened.
#[derive(Debug)]
pub struct NewRun<'a> {
    /// Id of the run.
    pub run_id: RunId,
    /// Whose it is.
    pub caller: &'a Caller,
    /// What was asked for, as it came.
    pub request: &'a RunRequest,
    /// Why it goes where it goes, as JSON.
    pub decision: &'a str,
    /// The password of the result archive, sealed.
    pub sealed_password: Option<&'a str>,
    /// The caller's `Idempotency-Key`.
    pub idempotency_key: Option<&'a str>,
    /// What the whole body comes to, where it has all come already.
    pub fingerprint: Option<&'a str>,
}

/// What came of opening a run.
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    /// The run is known now.
    New,
    /// The caller's `Idempotency-Key` belongs to another run; nothing was opened.
    KeyInUse,
}

impl Ledger {
    /// Writes a run down. After this it survives a crash.
    pub async fn open(&self, run: NewRun<'_>) -> Result<Opened> {
        const SQL: &str = "INSERT INTO runs (run_id, caller_id, institution, request, decision, phase, \
             state, sealed_password, idempotency_key, fingerprint, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (caller_id, idempotency_key) DO NOTHING";
        let request = serde_json::to_string(run.request).map_err(super::entry::unreadable)?;
        let opened = on_pool!(write &self.database, pool => {
            sqlx::query(SQL)
                .bind(run.run_id.to_string())
                .bind(run.caller.id.as_str())
                .bind(run.caller.institution.as_deref())
                .bind(request)
                .bind(run.decision)
                .bind(Phase::Open.as_str())
                .bind(State::Initializing.as_str())
                .bind(run.sealed_password)
                .bind(run.idempotency_key)
                .bind(run.fingerprint)
                .bind(self.now())
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(if opened == 1 { Opened::New } else { Opened::KeyInUse })
    }

    /// The run that a caller's `Idempotency-Key` belongs to.
    pub async fn run_of_key(&self, caller: &CallerId, key: &str) -> Result<Option<Entry>> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM runs WHERE caller_id = $1 AND idempotency_key = $2"
        );
        let row: Option<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(caller.as_str()).bind(key).fetch_optional(pool).await?
        });
        row.map(Entry::try_from).transpose()
    }

    /// Keeps what the whole body of a submission came to, so that a repetition can be compared.
    pub async fn set_fingerprint(&self, run_id: &RunId, fingerprint: &str) -> Result<()> {
        const SQL: &str = "UPDATE runs SET fingerprint = $2 WHERE run_id = $1";
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL).bind(run_id.to_string()).bind(fingerprint).execute(pool).await?;
        });
        Ok(())
    }
}
