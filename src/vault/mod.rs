//! Secrets at rest: the master key, what is sealed with it, and the services' credentials.

mod expiry;
mod key_file;
mod seal;

use std::collections::BTreeMap;

pub use self::{
    expiry::expires_at,
    key_file::{KeyFileError, open_key_file},
    seal::{Sealer, Unsealable},
};
use crate::domain::{CallerId, Credential, ServiceId};

/// The credentials that the gateway shows to services.
#[derive(Debug, Default)]
pub struct Vault {
    services: BTreeMap<ServiceId, Credential>,
}

impl Vault {
    /// A vault with one credential per service.
    pub fn new(services: BTreeMap<ServiceId, Credential>) -> Self {
        Self { services }
    }

    /// The credential for what a caller does at a service.
    pub fn credential(&self, _caller: &CallerId, service: &ServiceId) -> Credential {
        self.service_credential(service)
    }

    /// The credential for what the gateway does at a service on its own account, such as asking what it
    /// offers.
    pub fn service_credential(&self, service: &ServiceId) -> Credential {
        self.services.get(service).cloned().unwrap_or_default()
    }
}
