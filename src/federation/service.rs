//! One service comes, changes, pauses or goes.

use std::sync::Arc;

use tracing::info;

use super::{Error, Federation, Flaw, Result, ServiceDocument, validate};
use crate::{
    domain::{Credential, Service, ServiceId},
    events::Event,
    registry::{Mode, Record, Snapshot, Source},
};

/// What is to become of a service.
#[derive(Debug)]
pub struct Change<'a> {
    /// Its new document.
    pub document: &'a ServiceDocument,
    /// What the gateway shows to it from now on; `None` leaves what there is.
    pub credential: Option<Credential>,
    /// Check everything and change nothing.
    pub dry_run: bool,
}

impl Federation {
    /// Adds a service. It is probed and can get runs at once.
    pub async fn create(&self, change: Change<'_>, source: Source) -> Result<Arc<Record>> {
        let _one = self.writer.lock().await;
        let fleet = self.parts.registry.snapshot();
        let service = self.checked(change.document, source, &fleet)?;
        let id = service.id.clone();
        if fleet.get(&id).is_some() {
            return Err(Error::Taken(id));
        }
        if let Some(before) = self.parts.store.removed(&id).await?
            && before.service.url != service.url
            && self.parts.ledger.knows_runs_of(&id).await?
        {
            return Err(Error::Retired(id));
        }
        let record = Record::new(service, source, self.parts.clock.now());
        self.write(record, change.credential, change.dry_run, "added").await
    }

    /// Replaces the record of a service. `expected` is the version that the change was made against.
    pub async fn replace(
        &self,
        id: &ServiceId,
        change: Change<'_>,
        expected: i64,
    ) -> Result<Arc<Record>> {
        let _one = self.writer.lock().await;
        let fleet = self.parts.registry.snapshot();
        let old = self.own_record(&fleet, id, Some(expected))?;
        if old.source == Source::Configuration {
            return Err(kept_elsewhere(&old));
        }
        let service = self.checked(change.document, old.source, &fleet)?;
        if service.id != *id {
            return Err(Flaw::new("id", format!("the id of `{id}` stays")).into());
        }
        let record = self.next(&old, |record| record.service = Arc::new(service));
        self.write(record, change.credential, change.dry_run, "changed").await
    }

    /// Pauses a service, or lets it go on. The one change that is also possible to a service of the
    /// configuration file.
    pub async fn set_mode(
        &self,
        id: &ServiceId,
        mode: Mode,
        note: &str,
        expected: Option<i64>,
    ) -> Result<Arc<Record>> {
        let _one = self.writer.lock().await;
        let old = self.own_record(&self.parts.registry.snapshot(), id, expected)?;
        let record = self.next(&old, |record| {
            record.mode = mode;
            note.clone_into(&mut record.mode_note);
        });
        self.write(record, None, false, "mode").await
    }

    /// Takes a service out. Its runs stay, in their last known state.
    pub async fn remove(&self, id: &ServiceId, expected: i64, dry_run: bool) -> Result<()> {
        let _one = self.writer.lock().await;
        let fleet = self.parts.registry.snapshot();
        let old = self.own_record(&fleet, id, Some(expected))?;
        if old.source == Source::Configuration {
            return Err(kept_elsewhere(&old));
        }
        let by = validate::needed_by(id, &fleet);
        if !by.is_empty() {
            return Err(Error::Needed { id: id.clone(), by });
        }
        if dry_run {
            return Ok(());
        }
        self.parts.store.remove(id, self.parts.clock.now()).await?;
        self.parts.vault.forget(id).await?;
        self.parts.registry.remove(id);
        self.parts.adapters.remove(id);
        info!(service.id = %id, "service {id} was taken out of the federation");
        let event = Event::ServiceRecord { service: id.clone(), change: "removed" };
        self.parts.events.publish(event);
        Ok(())
    }

    /// The record of a service, at the version that is expected.
    fn own_record(
        &self,
        fleet: &Snapshot,
        id: &ServiceId,
        expected: Option<i64>,
    ) -> Result<Record> {
        let listing = fleet.get(id).ok_or_else(|| Error::UnknownService(id.clone()))?;
        let version = listing.record().version;
        if expected.is_some_and(|expected| expected != version) {
            return Err(Error::Stale { id: id.clone(), version });
        }
        Ok(listing.record().clone())
    }

    /// The service of a document, if it can stand among the others.
    fn checked(
        &self,
        document: &ServiceDocument,
        source: Source,
        fleet: &Snapshot,
    ) -> Result<Service> {
        let service = document.to_service()?;
        let mut flaws = validate::among(&service, fleet, &[]);
        flaws.extend(self.adapter(&service, source).err());
        if flaws.is_empty() { Ok(service) } else { Err(Error::Flawed(flaws)) }
    }

    pub(super) fn next(&self, old: &Record, change: impl FnOnce(&mut Record)) -> Record {
        let mut record = old.clone();
        change(&mut record);
        record.version += 1;
        record.updated_at = self.parts.clock.now();
        record
    }

    /// Writes a record down and puts it in force.
    pub(super) async fn write(
        &self,
        record: Record,
        credential: Option<Credential>,
        dry_run: bool,
        change: &'static str,
    ) -> Result<Arc<Record>> {
        let adapter = self.adapter(&record.service, record.source)?;
        let written = Arc::new(record.clone());
        if dry_run {
            return Ok(written);
        }
        if let Some(credential) = credential {
            self.parts.vault.store(record.id(), credential, record.updated_at).await?;
        }
        self.parts.store.write(&record).await?;
        let id = record.id().clone();
        self.install(record, adapter);
        info!(service.id = %id, "record of service {id}: {change}");
        self.parts.events.publish(Event::ServiceRecord { service: id, change });
        Ok(written)
    }
}

fn kept_elsewhere(record: &Record) -> Error {
    Error::KeptElsewhere { id: record.id().clone(), source_of_record: record.source }
}
