//! From the intent to a placed run: attempts, and what came of each.

use super::{Attempt, Ledger, Note, Outcome, Phase, Result, entry::read_state};
use crate::{
    domain::{BackendRunId, RunId, ServiceId},
    ga4gh::wes::State,
    on_pool,
};

impl Ledger {
    /// Writes down that a service is about to hear of the run. After a crash, only services with such a
    /// line need to be asked whether they have it. `own_credential` tells whose account it goes to there.
    pub async fn begin_attempt(
        &self,
        run_id: &RunId,
        service: &ServiceId,
        own_credential: bool,
    ) -> Result<()> {
        const ATTEMPT: &str = "INSERT INTO attempts (run_id, number, service_id, begun_at, outcome) \
             SELECT $1, 1 + COUNT(*), $2, $3, $4 FROM attempts WHERE run_id = $1";
        const RUN: &str = "UPDATE runs SET phase = $2, service_id = $3, own_credential = $4 \
             WHERE run_id = $1";
        on_pool!(write &self.database, pool => {
            let mut both = pool.begin().await?;
            sqlx::query(ATTEMPT)
                .bind(run_id.to_string())
                .bind(service.as_str())
                .bind(self.now())
                .bind(Outcome::Sending.as_str())
                .execute(&mut *both)
                .await?;
            sqlx::query(RUN)
                .bind(run_id.to_string())
                .bind(Phase::Sending.as_str())
                .bind(service.as_str())
                .bind(i64::from(own_credential))
                .execute(&mut *both)
                .await?;
            both.commit().await?;
        });
        Ok(())
    }

    /// Writes down that a service was not asked after all, though it was to be. It never hears of the run.
    pub async fn pass_over(&self, run_id: &RunId, service: &ServiceId, why: &str) -> Result<()> {
        const SQL: &str = "INSERT INTO attempts (run_id, number, service_id, begun_at, ended_at, \
             outcome, detail) SELECT $1, 1 + COUNT(*), $2, $3, $3, $4, $5 FROM attempts \
             WHERE run_id = $1";
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL)
                .bind(run_id.to_string())
                .bind(service.as_str())
                .bind(self.now())
                .bind(Outcome::Unavailable.as_str())
                .bind(why)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// The attempt placed nothing; another service may be asked.
    pub async fn attempt_failed(&self, run_id: &RunId, outcome: Outcome, why: &str) -> Result<()> {
        self.end_attempt(run_id, outcome, why, Phase::Open, State::Initializing, None).await?;
        Ok(())
    }

    /// The service took the run. Returns its state: after a wish to cancel that is another one.
    pub async fn place(&self, run_id: &RunId, id: &BackendRunId) -> Result<State> {
        self.end_attempt(run_id, Outcome::Placed, "", Phase::Placed, State::Queued, Some(id)).await
    }

    /// The service's answer was lost: the run may exist there.
    pub async fn mark_uncertain(&self, run_id: &RunId, why: &str) -> Result<()> {
        self.end_attempt(
            run_id,
            Outcome::Uncertain,
            why,
            Phase::Uncertain,
            State::Initializing,
            None,
        )
        .await?;
        Ok(())
    }

    /// No service took the run, and its caller is told so. Its `Idempotency-Key` is free again.
    pub async fn refuse(&self, run_id: &RunId, why: &str) -> Result<()> {
        const SQL: &str = "UPDATE runs SET phase = $2, state = $3, idempotency_key = NULL, \
             service_id = NULL, ended_at = $4 WHERE run_id = $1";
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL)
                .bind(run_id.to_string())
                .bind(Phase::Refused.as_str())
                .bind(State::SystemError.as_str())
                .bind(self.now())
                .execute(pool)
                .await?;
        });
        self.note(run_id, why).await
    }

    /// The run is lost: no service has it, and its caller was told that it might exist.
    pub async fn give_up(&self, run_id: &RunId, why: &str) -> Result<()> {
        const SQL: &str = "UPDATE runs SET phase = $2, state = $3, ended_at = $4 WHERE run_id = $1";
        // First why, then that: whoever sees the state finds the reason.
        self.note(run_id, why).await?;
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL)
                .bind(run_id.to_string())
                .bind(Phase::Settled.as_str())
                .bind(State::SystemError.as_str())
                .bind(self.now())
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Adds a note for the run's caller.
    pub async fn note(&self, run_id: &RunId, message: &str) -> Result<()> {
        const SQL: &str = "INSERT INTO notes (run_id, number, at, message) \
             SELECT $1, 1 + COUNT(*), $2, $3 FROM notes WHERE run_id = $1 \
             ON CONFLICT (run_id, number) DO NOTHING";
        // On PostgreSQL two may count at once; the second one counts again.
        for _ in 0..5 {
            let added = on_pool!(write &self.database, pool => {
                sqlx::query(SQL)
                    .bind(run_id.to_string())
                    .bind(self.now())
                    .bind(message)
                    .execute(pool)
                    .await?
                    .rows_affected()
            });
            if added == 1 {
                break;
            }
        }
        Ok(())
    }

    /// Adds a note for the run's caller, unless the same was said before.
    pub async fn note_once(&self, run_id: &RunId, message: &str) -> Result<()> {
        const SQL: &str = "SELECT number FROM notes WHERE run_id = $1 AND message = $2 LIMIT 1";
        let said: Option<(i64,)> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(run_id.to_string()).bind(message).fetch_optional(pool).await?
        });
        match said {
            Some(_) => Ok(()),
            None => self.note(run_id, message).await,
        }
    }

    /// All attempts of a run, in order.
    pub async fn attempts(&self, run_id: &RunId) -> Result<Vec<Attempt>> {
        const SQL: &str = "SELECT number, service_id, begun_at, ended_at, outcome, detail \
             FROM attempts WHERE run_id = $1 ORDER BY number";
        Ok(on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(run_id.to_string()).fetch_all(pool).await?
        }))
    }

    /// All notes of a run, in order.
    pub async fn notes(&self, run_id: &RunId) -> Result<Vec<Note>> {
        const SQL: &str = "SELECT at, message FROM notes WHERE run_id = $1 ORDER BY number";
        Ok(on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(run_id.to_string()).fetch_all(pool).await?
        }))
    }

    async fn end_attempt(
        &self,
        run_id: &RunId,
        outcome: Outcome,
        detail: &str,
        phase: Phase,
        state: State,
        id: Option<&BackendRunId>,
    ) -> Result<State> {
        const ATTEMPT: &str = "UPDATE attempts SET ended_at = $2, outcome = $3, detail = $4 \
             WHERE run_id = $1 AND number = (SELECT MAX(number) FROM attempts WHERE run_id = $1)";
        const RUN: &str = "UPDATE runs SET phase = $2, backend_run_id = $4, \
             state = CASE WHEN cancel_asked_at IS NULL THEN $3 ELSE state END WHERE run_id = $1 \
             RETURNING state";
        let now: Option<(String,)> = on_pool!(write &self.database, pool => {
            let mut both = pool.begin().await?;
            sqlx::query(ATTEMPT)
                .bind(run_id.to_string())
                .bind(self.now())
                .bind(outcome.as_str())
                .bind(detail)
                .execute(&mut *both)
                .await?;
            let now = sqlx::query_as(RUN)
                .bind(run_id.to_string())
                .bind(phase.as_str())
                .bind(state.as_str())
                .bind(id.map(BackendRunId::as_str))
                .fetch_optional(&mut *both)
                .await?;
            both.commit().await?;
            now
        });
        now.map_or(Ok(state), |(word,)| read_state(&word))
    }
}
