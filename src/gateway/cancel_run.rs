//! A caller cancels a run. Its service is asked at once, and again by the watch if it could not be.

use tracing::warn;

use super::{Gateway, Result};
use crate::{
    audit::Act,
    domain::{Caller, RunId},
    ga4gh::wes::State,
};

impl Gateway {
    /// Asks for a run to be canceled. A run that has ended is left as it ended: some services would turn
    /// a complete run into a canceled one.
    pub async fn cancel_run(&self, caller: &Caller, run_id: &str) -> Result<RunId> {
        let entry = self.own_run(caller, run_id).await?;
        if entry.state.is_terminal() {
            return Ok(entry.run_id);
        }
        let (Some(service), Some(id)) = (&entry.service_id, &entry.backend_run_id) else {
            // Nobody is known to have it yet; the watch passes the wish on when it is found.
            if self.parts.ledger.ask_cancel(&entry.run_id).await? {
                let service = entry.service_id.as_ref();
                self.announce_early(entry.run_id, &caller.id, service, State::Canceling).await;
            }
            return Ok(entry.run_id);
        };
        let adapter = self.adapter(service)?;
        self.audit_access(Act::RunCanceled, caller, &entry, None).await?;
        // Asked once: the watch repeats a wish that did not get through, as long as the run goes on.
        if !self.parts.ledger.ask_cancel(&entry.run_id).await? {
            return Ok(entry.run_id);
        }
        self.announce_early(entry.run_id, &caller.id, Some(service), State::Canceling).await;
        let credential = self.parts.vault.credential(&entry.caller_id, service);
        let note = match adapter.cancel_run(&credential, id).await {
            Ok(()) => format!("{service} was asked to cancel"),
            Err(error) => {
                warn!(run.id = %entry.run_id, service.id = %service, "cancel did not get through: {error}");
                format!("{service} did not take the wish to cancel ({error})")
            }
        };
        self.parts.ledger.note(&entry.run_id, &note).await?;
        self.wake(service);
        Ok(entry.run_id)
    }
}
