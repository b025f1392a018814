//! What becomes of runs whose service does not get to see their caller's credential: they stay as they
//! are, and their callers are told what to do.

use super::Watch;
use crate::{
    backend,
    domain::Credential,
    gateway::{Error, Result, credentials::refusal},
    ledger::LiveRun,
};

impl Watch {
    /// The credential that a run was sent with, or what its caller has to do about it.
    pub(super) async fn credential(&self, run: &LiveRun) -> Result<Result<Credential, String>> {
        let found =
            self.gateway.credential_of_run(&run.caller_id, &self.service, run.own_credential).await;
        match found {
            Ok(credential) => Ok(Ok(credential)),
            Err(error @ Error::Credential { .. }) => Ok(Err(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// Hears whether the service accepted the caller's own credential.
    pub(super) async fn hear(
        &mut self,
        run: &LiveRun,
        answer: Result<(), &backend::Error>,
    ) -> Result<()> {
        if !run.own_credential {
            return Ok(());
        }
        match answer {
            Ok(()) if self.told.remove(&run.run_id).is_some() => {
                let note = format!("`{}` accepts your credential again", self.service);
                self.gateway.parts.ledger.note(&run.run_id, &note).await?;
            }
            Ok(()) => {}
            Err(error) => {
                if let Some(words) = refusal(&self.service, error) {
                    self.tell(run, &words).await?;
                }
            }
        }
        Ok(())
    }

    /// Tells a run's caller what to do about their credential, once.
    pub(super) async fn tell(&mut self, run: &LiveRun, words: &str) -> Result<()> {
        if self.told.get(&run.run_id).is_some_and(|told| told == words) {
            return Ok(());
        }
        self.gateway.warn_of_credential(run.run_id, words).await?;
        self.told.insert(run.run_id, words.to_owned());
        Ok(())
    }

    /// Whether a run that the service does not know may be unknown to the caller's credential alone: that
    /// was entered after the run was sent, and may belong to another account.
    pub(super) async fn may_be_anothers(&mut self, run: &LiveRun) -> Result<bool> {
        // A caller who wants the run no more is not kept waiting for it.
        if !run.own_credential || run.cancel_asked_at.is_some() {
            return Ok(false);
        }
        let own = self.gateway.parts.vault.list_own(&run.caller_id).await?;
        let own = own.into_iter().find(|own| own.service == self.service);
        let Some(own) = own.filter(|own| own.entered_at > run.created_at) else { return Ok(false) };
        let words = format!(
            "`{}` does not know the run under the credential that you entered at {:.0}: if that belongs to \
             another account, enter one of the account that sent the run with PUT /api/v1/credentials/{}",
            self.service, own.entered_at, self.service
        );
        self.tell(run, &words).await?;
        Ok(true)
    }
}
