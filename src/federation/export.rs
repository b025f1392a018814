//! All services in one file, out and in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Error, Federation, Result, ServiceDocument, validate};
use crate::{
    domain::Service,
    registry::{Record, Source},
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
        let plan = self.plan(import, &mut report);
        if dry_run || !report.problems.is_empty() {
            return Ok(report);
        }
        for (record, change) in plan {
            self.write(record, None, false, change).await?;
        }
        Ok(report)
    }

    /// The records to write, and what is wrong with the file.
    fn plan(&self, import: &Import, report: &mut ImportReport) -> Vec<(Record, &'static str)> {
        let fleet = self.parts.registry.snapshot();
        let read: Vec<_> = import.services.iter().map(ServiceDocument::to_service).collect();
        let coming: Vec<Service> = read.iter().filter_map(|read| read.clone().ok()).collect();
        let mut plan = Vec::new();
        for (position, read) in read.into_iter().enumerate() {
            let mut flaws = Vec::new();
            match read {
                Err(flaw) => flaws.push(flaw),
                Ok(service) => {
                    flaws.extend(validate::among(&service, &fleet, &coming));
                    flaws.extend(self.adapter(&service, Source::Operator).err());
                    if coming[..].iter().filter(|other| other.id == service.id).count() > 1 {
                        flaws.push(super::Flaw::new("id", "the file names it twice"));
                    }
                    if flaws.is_empty() {
                        self.plan_one(service, report, &mut plan);
                    }
                }
            }
            let place =
                |flaw: &super::Flaw| format!("services[{position}].{}: {}", flaw.member, flaw.why);
            report.problems.extend(flaws.iter().map(place));
        }
        plan
    }

    fn plan_one(
        &self,
        service: Service,
        report: &mut ImportReport,
        plan: &mut Vec<(Record, &'static str)>,
    ) {
        let fleet = self.parts.registry.snapshot();
        let name = service.id.to_string();
        let Some(listing) = fleet.get(&service.id) else {
            report.added.push(name);
            plan.push((Record::new(service, Source::Operator, self.parts.clock.now()), "added"));
            return;
        };
        let old = listing.record();
        if *old.service == service {
            report.unchanged.push(name);
        } else if old.source == Source::Configuration {
            let error =
                Error::KeptElsewhere { id: service.id.clone(), source_of_record: old.source };
            report.problems.push(error.to_string());
        } else {
            report.changed.push(name);
            let record = self.next(old, |record| record.service = service.into());
            plan.push((record, "changed"));
        }
    }
}
