//! One service comes, changes, pauses or goes.

use std::sync::Arc;

use tracing::info;

use super::{Error, Federation, Result, ServiceDocument, validate};
use crate::{
    backend::Backend,
    domain::{Credential, Flaw, Service, ServiceId},
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

/// A record that is ready to be written down.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) record: Record,
    pub(super) adapter: Arc<dyn Backend>,
    pub(super) credential: Option<Credential>,
    /// What it is told as.
    pub(super) change: &'static str,
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
        let record = self.first_record(service, source).await?;
        self.write(record, change.credential, change.dry_run, "added").await
    }

    /// Replaces the record of a service. `expected` is the version that the change was made against.
    /// Where a node is and under which law is what it registers; `by` others it stays as it is.
    pub async fn replace(
        &self,
        id: &ServiceId,
        change: Change<'_>,
        expected: i64,
        by: Source,
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
        if old.source == Source::Node && by != Source::Node && !service.is_in_place_of(&old.service)
        {
            let why = "kind, url and jurisdiction are the node's to register and yours to approve";
            return Err(Flaw::new("url", why).into());
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
        // The credential first: whoever gets the id next must never get it too.
        self.parts.vault.forget(id).await?;
        self.parts.vault.forget_own_of_all(id).await?;
        self.parts.store.remove(id, self.parts.clock.now()).await?;
        self.parts.registry.remove(id);
        self.parts.adapters.remove(id);
        info!(service.id = %id, "service {id} was taken out of the federation");
        let event = Event::ServiceRecord { service: id.clone(), change: "removed" };
        self.parts.events.publish(event);
        Ok(())
    }

    /// The last record of a service that was taken out.
    pub(super) async fn removed(&self, id: &ServiceId) -> Result<Option<Record>> {
        Ok(self.parts.store.removed(id).await?)
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

    /// The first record of a service under an id that no service has now. Runs are tied to ids, so one
    /// that another server had stays retired while there are any.
    pub(super) async fn first_record(&self, service: Service, source: Source) -> Result<Record> {
        let before = self.parts.store.removed(&service.id).await?;
        if let Some(before) = &before
            && before.service.url != service.url
            && self.parts.ledger.knows_runs_of(&service.id).await?
        {
            return Err(Error::Retired(service.id));
        }
        let mut record = Record::new(service, source, self.parts.clock.now());
        // A version names one state of an id for ever, or an old `If-Match` would hit a new service.
        record.version += before.map_or(0, |before| before.version);
        Ok(record)
    }

    pub(super) fn next(&self, old: &Record, change: impl FnOnce(&mut Record)) -> Record {
        let mut record = old.clone();
        change(&mut record);
        record.version += 1;
        record.updated_at = self.parts.clock.now();
        record
    }

    /// Writes a record down and puts it in force.
    async fn write(
        &self,
        record: Record,
        credential: Option<Credential>,
        dry_run: bool,
        change: &'static str,
    ) -> Result<Arc<Record>> {
        let adapter = self.adapter(&record.service, record.source)?;
        let written = Arc::new(record.clone());
        if !dry_run {
            self.commit(vec![Pending { record, adapter, credential, change }]).await?;
        }
        Ok(written)
    }

    /// Writes records down, all or none, and puts them in force.
    pub(super) async fn commit(&self, changes: Vec<Pending>) -> Result<()> {
        let fleet = self.parts.registry.snapshot();
        for Pending { record, .. } in &changes {
            let known = fleet.get(record.id()).map(|listing| listing.service().url.origin());
            if known != Some(record.service.url.origin()) {
                // A credential is for the server that it was given for, whatever happens next.
                self.parts.vault.forget(record.id()).await?;
            }
        }
        self.parts.store.write(changes.iter().map(|pending| &pending.record)).await?;
        for Pending { record, adapter, credential, change } in changes {
            let (id, now) = (record.id().clone(), record.updated_at);
            self.install(record, adapter);
            if let Some(credential) = credential {
                self.parts.vault.store(&id, credential, now).await?;
            }
            info!(service.id = %id, "record of service {id}: {change}");
            self.parts.events.publish(Event::ServiceRecord { service: id, change });
        }
        Ok(())
    }
}

pub(super) fn kept_elsewhere(record: &Record) -> Error {
    Error::KeptElsewhere { id: record.id().clone(), source_of_record: record.source }
}
