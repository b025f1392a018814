//! The master key's file, what is sealed with it, and the services' credentials.

mod expiry;
mod key_file;
mod seal;
mod store;

use std::{collections::HashMap, sync::RwLock};

use crate::domain::{CallerId, Credential, ServiceId};

use self::store::Store;
pub use self::{
    expiry::expires_at,
    key_file::{KeyFileError, open_key_file},
    seal::{Sealer, Unsealable},
    store::Error,
};
use crate::database::Database;

/// The credentials that the gateway shows to services.
#[derive(Debug, Default)]
pub struct Vault {
    /// Those in force. Held for one look or change.
    services: RwLock<HashMap<ServiceId, Credential>>,
    store: Option<Store>,
}

impl Vault {
    /// A vault that seals what it is given into a database.
    pub fn new(database: Database, sealer: Sealer) -> Self {
        Self { services: RwLock::default(), store: Some(Store::new(database, sealer)) }
    }

    /// The credential for what a caller does at a service.
    pub fn credential(&self, _caller: &CallerId, service: &ServiceId) -> Credential {
        self.service_credential(service)
    }

    /// The credential for what the gateway does at a service on its own account, such as asking what it
    /// offers.
    pub fn service_credential(&self, service: &ServiceId) -> Credential {
        self.services.read().expect("no holder panics").get(service).cloned().unwrap_or_default()
    }

    /// Uses a credential that is kept by the configuration file.
    pub fn set_configured(&self, service: ServiceId, credential: Credential) {
        self.services.write().expect("no holder panics").insert(service, credential);
    }

    /// Reads the credentials that were stored.
    pub async fn load(&self) -> Result<(), Error> {
        let Some(store) = &self.store else { return Ok(()) };
        let stored = store.load().await?;
        self.services.write().expect("no holder panics").extend(stored);
        Ok(())
    }

    /// Seals a credential, and uses it from now on.
    pub async fn store(
        &self,
        service: &ServiceId,
        credential: Credential,
        now: jiff::Timestamp,
    ) -> Result<(), Error> {
        if let Some(store) = &self.store {
            store.write(service, &credential, now).await?;
        }
        self.set_configured(service.clone(), credential);
        Ok(())
    }

    /// Forgets the credential of a service.
    pub async fn forget(&self, service: &ServiceId) -> Result<(), Error> {
        if let Some(store) = &self.store {
            store.remove(service).await?;
        }
        self.services.write().expect("no holder panics").remove(service);
        Ok(())
    }
}
