//! Someone asks about a run. The ledger knows whose it is and its state; its service is asked for the
//! rest while it lives.

use std::sync::Arc;

use secrecy::SecretString;
use tracing::warn;

use super::{Error, Gateway, Result, keep};
use crate::{
    backend::RunDetails,
    domain::{Caller, RunId},
    ga4gh::wes::State,
    ledger::{Attempt, Entry, Note, Phase},
};

/// Everything that is known about a run.
#[derive(Debug)]
pub struct RunView {
    /// What the ledger holds.
    pub entry: Entry,
    /// What the service tells or told, if it could be asked.
    pub details: Option<Arc<RunDetails>>,
    /// What the gateway has to say.
    pub notes: Vec<Note>,
    /// Every service that was asked to take the run.
    pub attempts: Vec<Attempt>,
    /// Why the service could not be asked; what is told is the last known.
    pub unreachable: Option<Error>,
    /// The password of the result archive.
    pub archive_password: Option<SecretString>,
}

impl RunView {
    /// Refuses to go on where the service could not be asked and nothing of what it told is known.
    pub fn require_details(&mut self) -> Result<()> {
        self.unreachable.take().map_or(Ok(()), Err)
    }
}

impl Gateway {
    /// The state of one of the caller's runs.
    pub async fn run_state(&self, caller: &Caller, run_id: &str) -> Result<(RunId, State)> {
        let entry = self.own_run(caller, run_id).await?;
        Ok((entry.run_id, entry.state))
    }

    /// Everything about one of the caller's runs.
    pub async fn get_run(&self, caller: &Caller, run_id: &str) -> Result<RunView> {
        let entry = self.own_run(caller, run_id).await?;
        let notes = self.parts.ledger.notes(&entry.run_id).await?;
        let attempts = self.parts.ledger.attempts(&entry.run_id).await?;
        let (details, unreachable) = match self.details(&entry).await {
            Ok(details) => (details, None),
            Err(error) => (None, Some(error)),
        };
        let archive_password = match &entry.sealed_password {
            Some(sealed) => self.parts.passwords.open(&entry.run_id.to_string(), sealed).ok(),
            None => None,
        };
        Ok(RunView { entry, details, notes, attempts, unreachable, archive_password })
    }

    /// Why one of the caller's runs went where it went. No service is asked.
    pub async fn decision(&self, caller: &Caller, run_id: &str) -> Result<(Entry, Vec<Attempt>)> {
        let entry = self.own_run(caller, run_id).await?;
        let attempts = self.parts.ledger.attempts(&entry.run_id).await?;
        Ok((entry, attempts))
    }

    /// The ledger's entry of one of the caller's runs. Another's run is not there.
    pub(super) async fn own_run(&self, caller: &Caller, run_id: &str) -> Result<Entry> {
        let run_id: RunId = run_id.parse().map_err(|_| Error::UnknownRun)?;
        match self.parts.ledger.get(&run_id).await? {
            Some(entry) if entry.caller_id == caller.id && entry.phase != Phase::Refused => {
                Ok(entry)
            }
            Some(_) | None => Err(Error::UnknownRun),
        }
    }

    /// What the service tells about a run: from the ledger once it is settled, else from the service.
    pub(super) async fn details(&self, entry: &Entry) -> Result<Option<Arc<RunDetails>>> {
        if let Some(stored) = &entry.details {
            let details = serde_json::from_str(stored).map_err(|e| Error::Internal(Box::new(e)))?;
            return Ok(Some(Arc::new(details)));
        }
        match entry.phase {
            Phase::Placed => self.live_details(entry).await.map(Some),
            Phase::Settled if !keep::is_kept(entry) && !entry.expired => {
                self.live_details(entry).await.map(Some)
            }
            Phase::Open | Phase::Sending | Phase::Uncertain | Phase::Settled | Phase::Refused => {
                Ok(None)
            }
        }
    }

    /// What the service tells about a run right now, or told a moment ago. Of a run of which nothing is kept,
    /// it is asked anew each time.
    pub(super) async fn live_details(&self, entry: &Entry) -> Result<Arc<RunDetails>> {
        let (Some(service), Some(id)) = (&entry.service_id, &entry.backend_run_id) else {
            return Err(Error::UnknownFile);
        };
        let adapter = self.adapter(service)?;
        let own = entry.own_credential;
        let credential = self.credential_of_run(&entry.caller_id, service, own).await?;
        let told = if keep::is_kept(entry) {
            let moment = (entry.run_id, entry.state.is_terminal());
            self.details.get(moment, &adapter, &credential, id).await
        } else {
            adapter.run_details(&credential, id).await.map(Arc::new).map_err(Arc::new)
        };
        told.map_err(|error| {
            warn!(service.id = %service, "{adapter} did not tell about a run: {}", error.kind());
            Error::of_read(service, own, &error)
        })
    }
}
