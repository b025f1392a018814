//! The start: the records that were written down, under those of the configuration file.

use tracing::{error, warn};

use super::{Federation, Result};
use crate::{
    domain::{Credential, Service},
    registry::{Record, Source},
};

impl Federation {
    /// Puts all services in force. The configuration file has the last word on those that it names, and
    /// a service that it no longer names is taken out. A record that cannot be used any more is left
    /// out and told, so that one bad record does not keep the gateway from starting.
    pub async fn open(&self, configured: Vec<(Service, Credential)>) -> Result<()> {
        let _one = self.writer.lock().await;
        self.parts.vault.load().await?;
        let mut known = self.parts.store.load().await?;
        for (service, credential) in configured {
            let old = known.remove(&service.id);
            if old.as_ref().is_none_or(|old| old.source != Source::Configuration) {
                // One that operators gave before the configuration took the service over.
                self.parts.vault.forget(&service.id).await?;
            }
            self.parts.vault.set_configured(service.id.clone(), credential);
            self.configure(service, old).await?;
        }
        for record in known.into_values() {
            let id = record.id().clone();
            if record.source == Source::Configuration {
                warn!(service.id = %id, "service {id} is no longer in the configuration");
                self.parts.vault.forget(&id).await?;
                self.parts.store.remove(&id, self.parts.clock.now()).await?;
                continue;
            }
            match self.adapter(&record.service, record.source) {
                Ok(adapter) => self.install(record, adapter),
                Err(flaw) => {
                    error!(service.id = %id, "the record of service {id} cannot be used: {}", flaw.why);
                }
            }
        }
        Ok(())
    }

    async fn configure(&self, service: Service, old: Option<Record>) -> Result<()> {
        let record = match old {
            Some(old) if *old.service == service && old.source == Source::Configuration => old,
            Some(old) => {
                if old.source != Source::Configuration {
                    warn!(service.id = %service.id, "the configuration now keeps service {}", service.id);
                }
                let record = self.next(&old, |record| {
                    record.service = service.into();
                    record.source = Source::Configuration;
                });
                self.parts.store.write([&record]).await?;
                record
            }
            None => {
                let record = self.first_record(service, Source::Configuration).await?;
                self.parts.store.write([&record]).await?;
                record
            }
        };
        let adapter = self.adapter(&record.service, record.source)?;
        self.install(record, adapter);
        Ok(())
    }
}
