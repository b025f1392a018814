//! Puts a record in force: its adapter, its credential and its place among the services.

use std::sync::Arc;

use super::{Federation, Result};
use crate::{
    backend::{self, Backend, Guarded, Measured},
    domain::{Flaw, Service},
    registry::{Record, Source},
};

impl Federation {
    /// Puts a record in force, with the adapter that [`Federation::adapter`] made for it.
    pub(super) fn install(&self, record: Record, adapter: Arc<dyn Backend>) {
        let id = record.id().clone();
        self.parts.registry.put(record);
        let Some(vitals) = self.parts.registry.snapshot().get(&id).map(|l| l.vitals().clone())
        else {
            return;
        };
        let guarded = Guarded::new(adapter, vitals);
        let measured = Measured::new(Arc::new(guarded), id.clone(), self.parts.metrics.clone());
        self.parts.adapters.put(id, Arc::new(measured));
    }

    /// The adapter of a service, which tells wrong settings. One that a node registered is reached only
    /// at addresses that nodes may have.
    pub(super) fn adapter(
        &self,
        service: &Service,
        source: Source,
    ) -> Result<Arc<dyn Backend>, Flaw> {
        if !backend::KINDS.contains(&service.kind.as_str()) {
            let kinds = backend::KINDS.join(", ");
            return Err(Flaw::new("kind", format!("a kind is one of {kinds}")));
        }
        let client = match source {
            Source::Configuration | Source::Operator => &self.parts.client,
            Source::Node => &self.parts.guarded_client,
        };
        backend::build(service, client).map_err(|why| Flaw::new("settings", why))
    }
}
