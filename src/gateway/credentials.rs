//! With whose credential a service is asked: a run is followed with the one that it was sent with.

use std::{collections::BTreeMap, time::Duration};

use super::{Error, Gateway, Result};
use crate::{
    backend,
    domain::{CallerCredential, CallerId, Credential, Lack, RunId, ServiceId},
    registry::{Reach, Snapshot},
};

/// How long a submission waits for a service that is asked what it offers.
const OFFER_TIMEOUT: Duration = Duration::from_secs(5);

/// What a service is shown for a run.
#[derive(Debug)]
pub(super) struct Shown {
    /// The credential.
    pub(super) credential: Credential,
    /// It is the caller's own, and not the gateway's.
    pub(super) own: bool,
}

impl Gateway {
    /// The services for which a caller has entered a credential, and what keeps each from being shown.
    pub(super) async fn own_credentials(
        &self,
        caller: &CallerId,
        fleet: &Snapshot,
    ) -> Result<BTreeMap<ServiceId, Option<Lack>>> {
        let wants = |choice| choice != CallerCredential::None;
        if !fleet.services().any(|listing| wants(listing.service().caller_credential)) {
            return Ok(BTreeMap::new());
        }
        let now = self.parts.clock.now();
        let own = self.parts.vault.list_own(caller).await?.into_iter().filter_map(|own| {
            let lack = own.lack(fleet.get(&own.service)?.service(), now);
            Some((own.service, lack))
        });
        Ok(own.collect())
    }

    /// Asks services that tell nobody else what they offer, on behalf of a caller whom they know. One that
    /// does not answer soon stays unknown.
    pub(super) async fn learn_offers(
        &self,
        caller: &CallerId,
        fleet: &Snapshot,
        own: &BTreeMap<ServiceId, Option<Lack>>,
    ) -> Result<()> {
        let untold = own.iter().filter(|(_, lack)| lack.is_none()).filter_map(|(id, _)| {
            let listing = fleet.get(id)?;
            let usable = matches!(listing.reach(), Reach::Usable) && listing.offer().is_none();
            usable.then_some((id, listing.service()))
        });
        let asked = untold.map(async |(id, service)| {
            let now = self.parts.clock.now();
            let (Ok(credential), Ok(adapter)) =
                (self.parts.vault.own(caller, service, now).await?, self.adapter(id))
            else {
                return Ok(());
            };
            let told = tokio::time::timeout(OFFER_TIMEOUT, adapter.describe(&credential)).await;
            if let Ok(Ok(offer)) = told {
                self.parts.registry.publish(id, Reach::Usable, Some(offer), now);
            }
            Ok(())
        });
        futures_util::future::try_join_all(asked).await.map(drop)
    }

    /// What a service is shown that is about to be sent a run, or what the caller must do first.
    pub(super) async fn credential_to_send(
        &self,
        caller: &CallerId,
        id: &ServiceId,
    ) -> Result<Result<Shown, Lack>> {
        let gateways = || Shown { credential: self.parts.vault.service_credential(id), own: false };
        let fleet = self.parts.registry.snapshot();
        let listing = fleet.get(id).ok_or_else(|| Error::ServiceGone { service: id.clone() })?;
        let choice = listing.service().caller_credential;
        if choice == CallerCredential::None {
            return Ok(Ok(gateways()));
        }
        let own = self.parts.vault.own(caller, listing.service(), self.parts.clock.now()).await?;
        Ok(match (own, choice) {
            (Err(Lack::Missing), CallerCredential::Optional) => Ok(gateways()),
            (own, _) => own.map(|credential| Shown { credential, own: true }),
        })
    }

    /// The credential with which a run is followed: the one that it was sent with.
    pub(super) async fn credential_of_run(
        &self,
        caller: &CallerId,
        id: &ServiceId,
        own: bool,
    ) -> Result<Credential> {
        if !own {
            return Ok(self.parts.vault.service_credential(id));
        }
        let fleet = self.parts.registry.snapshot();
        let listing = fleet.get(id).ok_or_else(|| Error::ServiceGone { service: id.clone() })?;
        let found = self.parts.vault.own(caller, listing.service(), self.parts.clock.now()).await?;
        found.map_err(|lack| Error::of_lack(id, &lack))
    }

    /// Tells a run's caller what to do about their credential, once. The state of the run stays as it is.
    pub(super) async fn warn_of_credential(&self, run_id: RunId, words: &str) -> Result<()> {
        let note =
            format!("{words}. Until then the run is as it was last seen, and goes on where it is.");
        Ok(self.parts.ledger.note_once(&run_id, &note).await?)
    }

    /// Follows the runs at a service anew, since a caller has entered a credential for it.
    pub fn credential_was_entered(&self, service: &ServiceId) {
        self.wake(service);
    }
}

/// What a caller must do if the service did not accept their credential; nothing, if that is not why.
pub(super) fn refusal(id: &ServiceId, error: &backend::Error) -> Option<String> {
    match error {
        backend::Error::Credential { message } => Some(Lack::Refused(message.clone()).words(id)),
        backend::Error::Unavailable { .. }
        | backend::Error::Uncertain { .. }
        | backend::Error::Refused { .. }
        | backend::Error::Busy { .. }
        | backend::Error::UnknownRun
        | backend::Error::Gone(_)
        | backend::Error::Unsupported(_)
        | backend::Error::Malformed(_)
        | backend::Error::Input(_) => None,
    }
}
