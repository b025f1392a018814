//! The adapters of all services, which come and go while the gateway runs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rpds::RedBlackTreeMapSync;

use super::Backend;
use crate::domain::ServiceId;

/// The adapters of all services.
#[derive(Debug, Default)]
pub struct Adapters {
    current: ArcSwap<RedBlackTreeMapSync<ServiceId, Arc<dyn Backend>>>,
}

impl Adapters {
    /// The adapter of a service.
    pub fn get(&self, id: &ServiceId) -> Option<Arc<dyn Backend>> {
        self.current.load().get(id).cloned()
    }

    /// Adds or replaces the adapter of a service. Calls under way finish with the old one.
    pub fn put(&self, id: ServiceId, adapter: Arc<dyn Backend>) {
        self.current.rcu(|all| all.insert(id.clone(), adapter.clone()));
    }

    /// Takes the adapter of a service out.
    pub fn remove(&self, id: &ServiceId) {
        self.current.rcu(|all| all.remove(id));
    }
}
