//! The master keys, what is sealed under them, and the credentials of services and of callers.

mod callers;
mod config;
mod expiry;
mod key_file;
mod keyring;
mod rewrap;
mod seal;
mod store;
mod stored;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    sync::RwLock,
};

use jiff::Timestamp;

use self::{callers::Callers, store::Store};
pub use self::{
    callers::{Ending, OwnCredential},
    config::Config,
    expiry::expires_at,
    key_file::{KeyFileError, KeyFolder},
    keyring::{Keyring, MasterKey, NotAMasterKey},
    rewrap::Rewrapped,
    seal::{Sealer, Unsealable},
    store::Error,
};
use crate::{
    database::Database,
    domain::{CallerId, Credential, Lack, Service, ServiceId},
};

/// The result of asking the vault.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The credentials that the gateway shows to services.
#[derive(Debug, Default)]
pub struct Vault {
    /// Those of services that are in force. Held for one look or change.
    services: RwLock<HashMap<ServiceId, Credential>>,
    at_rest: Option<AtRest>,
}

/// What is sealed in the database.
#[derive(Debug)]
struct AtRest {
    services: Store,
    callers: Callers,
}

impl Vault {
    /// A vault that seals what it is given into a database.
    pub fn new(database: Database, ring: &Keyring) -> Self {
        let services = Store::new(database.clone(), Sealer::of(ring, "service credentials"));
        let callers = Callers::new(database, Sealer::of(ring, "caller credentials"));
        Self { services: RwLock::default(), at_rest: Some(AtRest { services, callers }) }
    }

    /// The credential for what the gateway does at a service on its own account, such as asking what it
    /// offers, and for runs that are not made with a credential of their caller.
    pub fn service_credential(&self, service: &ServiceId) -> Credential {
        self.services.read().expect("no holder panics").get(service).cloned().unwrap_or_default()
    }

    /// Uses a credential that is kept by the configuration file.
    pub fn set_configured(&self, service: ServiceId, credential: Credential) {
        self.services.write().expect("no holder panics").insert(service, credential);
    }

    /// Reads the credentials of services that were stored.
    pub async fn load(&self) -> Result<()> {
        let Some(at_rest) = &self.at_rest else { return Ok(()) };
        let stored = at_rest.services.load().await?;
        self.services.write().expect("no holder panics").extend(stored);
        Ok(())
    }

    /// Seals the credential of a service, and uses it from now on.
    pub async fn store(
        &self,
        service: &ServiceId,
        credential: Credential,
        now: Timestamp,
    ) -> Result<()> {
        if let Some(at_rest) = &self.at_rest {
            at_rest.services.write(service, &credential, now).await?;
        }
        self.set_configured(service.clone(), credential);
        Ok(())
    }

    /// Forgets the gateway's credential for a service.
    pub async fn forget(&self, service: &ServiceId) -> Result<()> {
        if let Some(at_rest) = &self.at_rest {
            at_rest.services.remove(service).await?;
        }
        self.services.write().expect("no holder panics").remove(service);
        Ok(())
    }

    /// Forgets what callers have entered for a service that was taken out.
    pub async fn forget_own_of_all(&self, service: &ServiceId) -> Result<()> {
        match &self.at_rest {
            Some(at_rest) => at_rest.callers.remove_all_of(service).await,
            None => Ok(()),
        }
    }

    /// Seals a caller's credential for a service, pinned to the place where that is now. `proven` tells
    /// whether the service showed that it tells good ones from bad ones.
    pub async fn put_own(
        &self,
        caller: &CallerId,
        service: &Service,
        credential: &Credential,
        proven: bool,
        now: Timestamp,
    ) -> Result<OwnCredential> {
        self.callers()?.put(caller, service, credential, proven, now).await
    }

    /// A caller's credential for a service as that stands now, or why it cannot be shown there.
    pub async fn own(
        &self,
        caller: &CallerId,
        service: &Service,
        now: Timestamp,
    ) -> Result<Result<Credential, Lack>> {
        match &self.at_rest {
            Some(at_rest) => at_rest.callers.open(caller, service, now).await,
            None => Ok(Err(Lack::Missing)),
        }
    }

    /// What is known of a caller's credentials.
    pub async fn list_own(&self, caller: &CallerId) -> Result<Vec<OwnCredential>> {
        match &self.at_rest {
            Some(at_rest) => at_rest.callers.list(caller).await,
            None => Ok(Vec::new()),
        }
    }

    /// Forgets a caller's credential. Says whether there was one.
    pub async fn remove_own(&self, caller: &CallerId, service: &ServiceId) -> Result<bool> {
        self.callers()?.remove(caller, service).await
    }

    /// The callers' credentials that end before a time, and of whose end fewer than `warned` warnings were
    /// given.
    pub async fn ending(&self, before: Timestamp, warned: usize) -> Result<Vec<Ending>> {
        self.callers()?.ending(before, warned).await
    }

    /// Writes down how many warnings were given. `false` means that the credential was renewed meanwhile.
    pub async fn set_warned(&self, ending: &Ending, warned: usize) -> Result<bool> {
        self.callers()?.set_warned(ending, warned).await
    }

    /// For each service, how many credentials of callers end between two times, and when the first does.
    pub async fn ending_by_service(
        &self,
        after: Timestamp,
        before: Timestamp,
    ) -> Result<BTreeMap<ServiceId, (usize, Timestamp)>> {
        match &self.at_rest {
            Some(at_rest) => at_rest.callers.ending_by_service(after, before).await,
            None => Ok(BTreeMap::new()),
        }
    }

    /// Takes all that is sealed over under the current master key. It can be cut short at any instant, and
    /// goes on where it was.
    pub async fn rewrap(&self) -> Result<Rewrapped> {
        let Some(at_rest) = &self.at_rest else { return Ok(Rewrapped::default()) };
        Ok(at_rest.services.rewrap().await?.and(at_rest.callers.rewrap().await?))
    }

    fn callers(&self) -> Result<&Callers> {
        self.at_rest.as_ref().map(|at_rest| &at_rest.callers).ok_or(Error::Unwritable)
    }
}
