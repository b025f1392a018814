//! All services in one file, out and in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Error, Federation, Result, ServiceDocument,
    service::{Pending, kept_elsewhere},
    validate,
};
use crate::{
    domain::{Flaw, Service},
    registry::{Snapshot, Source},
};

/// Services in one file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The services. Credentials are no part of it.
    #[serde(default)]
    pub services: Vec<ServiceDocument>,
}

/// What an import did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct ImportReport {
    /// Services that were added.
    pub added: Vec<String>,
    /// Services whose record was replaced.
    pub changed: Vec<String>,
    /// Services that were as the file says already.
    pub unchanged: Vec<String>,
    /// What is wrong, as `services[3].jurisdiction: why`. If anything is, nothing was changed.
    pub problems: Vec<String>,
}

impl Federation {
    /// All services as one file that [`Federation::import`] takes.
    pub fn export(&self) -> Import {
        let fleet = self.parts.registry.snapshot();
        Import { services: fleet.services().map(|l| ServiceDocument::of(l.service())).collect() }
    }

    /// Adds and replaces the services of a file: all of them, or none if anything is wrong. Services that
    /// the file does not name stay as they are.
    pub async fn import(&self, import: &Import, dry_run: bool) -> Result<ImportReport> {
        let _one = self.writer.lock().await;
        let mut report = ImportReport::default();
        let plan = self.plan(import, &mut report).await?;
        if !dry_run && report.problems.is_empty() {
            self.commit(plan).await?;
        }
        Ok(report)
    }

    /// The records to write. What is wrong with the file goes into the report.
    async fn plan(&self, import: &Import, report: &mut ImportReport) -> Result<Vec<Pending>> {
        let fleet = self.parts.registry.snapshot();
        let read: Vec<_> = import.services.iter().map(ServiceDocument::to_service).collect();
        let coming: Vec<Service> = read.iter().filter_map(|read| read.clone().ok()).collect();
        let mut plan = Vec::new();
        for (position, read) in read.into_iter().enumerate() {
            let planned = match read {
                Ok(service) => self.plan_one(service, &fleet, &coming, report).await,
                Err(flaw) => Err(flaw.into()),
            };
            let flaws = match planned {
                Ok(pending) => {
                    plan.extend(pending);
                    continue;
                }
                Err(Error::Internal(error)) => return Err(Error::Internal(error)),
                Err(Error::Flawed(flaws)) => flaws,
                Err(error) => vec![Flaw::new("id", error.to_string())],
            };
            let place = |flaw: &Flaw| format!("services[{position}].{flaw}");
            report.problems.extend(flaws.iter().map(place));
        }
        Ok(plan)
    }

    /// What is to be written of one service, if anything.
    async fn plan_one(
        &self,
        service: Service,
        fleet: &Snapshot,
        coming: &[Service],
        report: &mut ImportReport,
    ) -> Result<Option<Pending>> {
        let mut flaws = validate::among(&service, fleet, coming);
        if coming.iter().filter(|other| other.id == service.id).count() > 1 {
            flaws.push(Flaw::new("id", "the file names it twice"));
        }
        let name = service.id.to_string();
        let old = fleet.get(&service.id).map(|listing| listing.record());
        let source = old.map_or(Source::Operator, |old| old.source);
        let adapter = self.adapter(&service, source).map_err(|flaw| flaws.push(flaw)).ok();
        let Some(adapter) = adapter.filter(|_| flaws.is_empty()) else {
            return Err(Error::Flawed(flaws));
        };
        let (record, change) = match old {
            None => {
                report.added.push(name);
                (self.first_record(service, source).await?, "added")
            }
            Some(old) if *old.service == service => {
                report.unchanged.push(name);
                return Ok(None);
            }
            // Where it is belongs to what an operator approved of a node.
            Some(old) if old.source != Source::Operator => return Err(kept_elsewhere(old)),
            Some(old) => {
                report.changed.push(name);
                (self.next(old, |record| record.service = service.into()), "changed")
            }
        };
        Ok(Some(Pending { record, adapter, credential: None, change }))
    }
}
