//! Finds out what became of submissions that nobody confirmed: after a lost answer, and after a crash.
//!
//! A run is looked for at the one service that may have it, by the tag that it carries, and is never
//! sent anywhere again.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Gateway, Result};
use crate::{
    backend::{self, Search},
    domain::{BackendRunId, RunId, ServiceId},
    ga4gh::wes::State,
    ledger::{Phase, Unsettled},
};

/// How far a service's clock may be behind ours when old runs are left out of a search.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(60);

/// Settles unconfirmed submissions until `shutdown`.
pub(super) async fn run(gateway: Arc<Gateway>, shutdown: CancellationToken) {
    let mut missing_since = HashMap::new();
    let mut wait = Duration::ZERO;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shutdown.cancelled() => return,
        }
        let settled = tokio::select! {
            settled = gateway.settle_all(&mut missing_since) => settled,
            () = shutdown.cancelled() => return,
        };
        let config = &gateway.parts.config;
        wait = match settled {
            // Nobody is waited for, so that a new one is looked for soon.
            Ok(0) => config.poll_min,
            Ok(_) => (wait * 2).clamp(config.poll_min, config.poll_max),
            Err(error) => {
                warn!("unconfirmed runs cannot be looked for: {error}");
                (wait * 2).clamp(config.poll_min, config.poll_max)
            }
        };
    }
}

/// Keeps a run from being reconciled while its submission is under way.
#[derive(Debug)]
pub(super) struct Active {
    gateway: Arc<Gateway>,
    run_id: RunId,
}

impl Drop for Active {
    fn drop(&mut self) {
        self.gateway.active.lock().expect("no holder panics").remove(&self.run_id);
    }
}

impl Gateway {
    pub(super) fn activate(self: &Arc<Self>, run_id: RunId) -> Active {
        self.active.lock().expect("no holder panics").insert(run_id);
        Active { gateway: self.clone(), run_id }
    }

    /// Looks once for every unconfirmed run. Says how many were left behind.
    async fn settle_all(&self, missing_since: &mut HashMap<RunId, Instant>) -> Result<usize> {
        let mut left_behind = 0;
        let unsettled = self.parts.ledger.unsettled().await?;
        missing_since.retain(|run_id, _| unsettled.iter().any(|run| run.run_id == *run_id));
        for run in unsettled {
            if !self.is_left_behind(&run).await? {
                continue;
            }
            left_behind += 1;
            match (run.phase, &run.service_id) {
                (Phase::Sending | Phase::Uncertain, Some(service)) => {
                    self.look_for(&run, service, missing_since).await?;
                }
                // The process ended before any service heard of it, and its caller got no id.
                (Phase::Open | Phase::Sending | Phase::Uncertain, _) => {
                    let why = "the gateway stopped before the run was sent";
                    self.parts.ledger.refuse(&run.run_id, why).await?;
                    self.announce(run.run_id, &run.caller_id, None, State::SystemError);
                }
                (Phase::Placed | Phase::Settled | Phase::Refused, _) => {}
            }
        }
        Ok(left_behind)
    }

    /// Whether nobody is busy with the run, and it still stands as it was read: a submission that was
    /// under way when the list was read may have come to its end since.
    async fn is_left_behind(&self, run: &Unsettled) -> Result<bool> {
        if self.is_active(&run.run_id) {
            return Ok(false);
        }
        let entry = self.parts.ledger.get(&run.run_id).await?;
        Ok(entry.is_some_and(|entry| entry.phase == run.phase))
    }

    async fn look_for(
        &self,
        run: &Unsettled,
        service: &ServiceId,
        missing_since: &mut HashMap<RunId, Instant>,
    ) -> Result<()> {
        match self.find(run, service).await {
            Ok(Some(id)) => {
                let state = self.parts.ledger.place(&run.run_id, &id).await?;
                self.announce_early(run.run_id, &run.caller_id, Some(service), state).await;
                let note = format!("the run was found at {service} and is followed from there");
                self.parts.ledger.note(&run.run_id, &note).await?;
                info!(run.id = %run.run_id, service.id = %service, "run {} was found", run.run_id);
                self.wake(service);
            }
            Ok(None) => {
                if self.is_overdue(run, missing_since) {
                    self.write_off(run, service).await?;
                }
            }
            // No later search would tell more.
            Err(backend::Error::Unsupported(unable)) => {
                if self.is_overdue(run, missing_since) {
                    let why = format!(
                        "{service} did not confirm the run, and cannot be searched for it: {unable}. \
                         It may run there, unseen; ask its operator before you submit it again."
                    );
                    self.parts.ledger.give_up(&run.run_id, &why).await?;
                    let state = State::SystemError;
                    self.announce(run.run_id, &run.caller_id, Some(service), state);
                    warn!(run.id = %run.run_id, service.id = %service, "run {} is given up", run.run_id);
                }
            }
            // As long as the service cannot be asked, nothing is known: not even what was missed before.
            Err(error) => {
                missing_since.remove(&run.run_id);
                if let (true, backend::Error::Credential { message }) = (run.own_credential, &error)
                {
                    self.warn_of_credential(run.run_id, message).await?;
                }
                warn!(run.id = %run.run_id, service.id = %service, "{service} cannot be searched: {}", error.kind());
            }
        }
        Ok(())
    }

    /// Whether the service has had long enough to list the run.
    fn is_overdue(&self, run: &Unsettled, missing_since: &mut HashMap<RunId, Instant>) -> bool {
        let since = *missing_since.entry(run.run_id).or_insert_with(Instant::now);
        since.elapsed() >= self.parts.config.lost_after
    }

    /// The service was asked long enough and does not know the run.
    async fn write_off(&self, run: &Unsettled, service: &ServiceId) -> Result<()> {
        let why = format!(
            "{service} did not confirm the run and does not know it; nothing runs there. Submit it \
             again if it is still wanted."
        );
        match run.phase {
            // The process ended while it was sent: its caller got no id, and may send it again.
            Phase::Open | Phase::Sending => self.parts.ledger.refuse(&run.run_id, &why).await?,
            Phase::Uncertain | Phase::Placed | Phase::Settled | Phase::Refused => {
                self.parts.ledger.give_up(&run.run_id, &why).await?;
            }
        }
        self.announce(run.run_id, &run.caller_id, Some(service), State::SystemError);
        warn!(run.id = %run.run_id, service.id = %service, "run {} never arrived", run.run_id);
        Ok(())
    }

    async fn find(
        &self,
        run: &Unsettled,
        service: &ServiceId,
    ) -> backend::Result<Option<BackendRunId>> {
        let Ok(adapter) = self.adapter(service) else {
            return Err(backend::Error::Unsupported("it is no longer in the federation"));
        };
        let since = run.created_at - CLOCK_SKEW;
        let known = self.parts.ledger.known_runs(service, since).await;
        let known = known.map_err(|error| backend::Error::unavailable(error.to_string()))?;
        let credential = self
            .credential_of_run(&run.caller_id, service, run.own_credential)
            .await
            .map_err(|error| backend::Error::Credential { message: error.to_string() })?;
        adapter.find_run(&credential, &Search { run_id: run.run_id, since, known }).await
    }

    pub(super) fn is_active(&self, run_id: &RunId) -> bool {
        self.active.lock().expect("no holder panics").contains(run_id)
    }
}
