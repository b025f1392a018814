//! One service: what its operator says, what it says itself, and whether it can be reached.

use std::sync::Arc;

use crate::domain::{Offer, Service, ServiceId};

/// Whether a service can be used, as last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Not asked yet.
    Unknown,
    /// It answers, and accepts the gateway's credential.
    Usable,
    /// It answers, but cannot be used: the credential, or its own maintenance.
    Unusable {
        /// In words for people.
        why: String,
    },
    /// It does not answer.
    Unreachable {
        /// In words for people.
        why: String,
    },
}

impl Reach {
    /// Whether both are the same condition, whatever the words.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// One service of the federation.
#[derive(Debug, Clone)]
pub struct Listing {
    service: Arc<Service>,
    offer: Option<Arc<Offer>>,
    reach: Reach,
}

impl Listing {
    pub(super) fn new(service: Service) -> Self {
        Self { service: Arc::new(service), offer: None, reach: Reach::Unknown }
    }

    /// The same service after it was asked. Without a new offer the last one stays: what a service
    /// offers does not change because it is down.
    pub(super) fn seen(&self, reach: Reach, offer: Option<Offer>) -> Self {
        Self {
            service: self.service.clone(),
            offer: offer.map(Arc::new).or_else(|| self.offer.clone()),
            reach,
        }
    }

    /// Its id.
    pub fn id(&self) -> &ServiceId {
        &self.service.id
    }

    /// What its operator says.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// What it says itself, once it was asked.
    pub fn offer(&self) -> Option<&Offer> {
        self.offer.as_deref()
    }

    /// Whether it can be used.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn service(id: &str) -> Service {
        Service {
            id: id.parse().unwrap(),
            kind: "wes".to_owned(),
            name: id.to_owned(),
            url: "http://127.0.0.1:1".parse().unwrap(),
            jurisdiction: "KE".parse().unwrap(),
            organization: None,
            settings: serde_json::Map::new(),
        }
    }
}
