//! What the gateway tells the audit trail of a run, before it does it.

use super::{Error, Gateway, Result, credentials::Shown, dispatch::Plan};
use crate::{
    audit::{Act, Entry},
    domain::{Caller, RunId, ServiceId},
    ga4gh::wes::RunRequest,
    ledger,
};

impl Gateway {
    /// Writes down where a run may go, or that it may go nowhere. A request that makes no sense is no
    /// decision.
    pub(super) async fn audit_decision(
        &self,
        run_id: RunId,
        caller: &Caller,
        request: &RunRequest,
        decided: &Result<(String, Plan)>,
    ) -> Result<()> {
        let entry = of_request(Entry::new(Act::RunDecided).by(caller).run(run_id), request)
            .with("workflow_type", request.workflow_type.clone());
        let entry = match decided {
            Ok((_, plan)) => {
                let candidates = plan.candidates.iter().map(|one| one.service_id.to_string());
                entry
                    .with("outcome", "permitted")
                    .with("rule", plan.permit.rule())
                    .with("policy_epoch", plan.permit.epoch())
                    .with("candidates", candidates.collect::<Vec<_>>())
            }
            Err(Error::Denied(denial)) => {
                let epoch = self.parts.law.current().epoch();
                entry
                    .with("outcome", "forbidden")
                    .with("rule", denial.rule.clone())
                    .with("policy_epoch", epoch)
            }
            Err(
                error @ (Error::Unfit { .. }
                | Error::UnknownService(_)
                | Error::Credential { .. }
                | Error::NoService { .. }),
            ) => entry.with("outcome", "impossible").with("why", error.to_string()),
            Err(_) => return Ok(()),
        };
        Ok(self.parts.audit.record(entry).await?)
    }

    /// Writes down that a service is about to hear of a run.
    pub(super) async fn audit_submission(
        &self,
        run_id: RunId,
        caller: &Caller,
        service: &ServiceId,
        shown: &Shown,
        request: &RunRequest,
    ) -> Result<()> {
        let fleet = self.parts.registry.snapshot();
        let law = fleet.get(service).map(|listing| listing.service().jurisdiction.to_string());
        let entry = Entry::new(Act::RunSubmitted).by(caller).run(run_id).at(service);
        let entry = of_request(entry, request)
            .with("jurisdiction", law)
            .with("credential", shown.credential.kind())
            .with("credential_of", if shown.own { "caller" } else { "gateway" });
        Ok(self.parts.audit.record(entry).await?)
    }

    /// Writes down that something of a run is about to be done for its caller.
    pub(super) async fn audit_access(
        &self,
        act: Act,
        caller: &Caller,
        entry: &ledger::Entry,
        file: Option<String>,
    ) -> Result<()> {
        let told = of_request(Entry::new(act).by(caller).run(entry.run_id), &entry.request);
        let told = entry.service_id.iter().fold(told, Entry::at);
        Ok(self.parts.audit.record(told.with("file", file)).await?)
    }
}

/// Which data a request is about, by its tags.
fn of_request(entry: Entry, request: &RunRequest) -> Entry {
    let tag = |name: &str| request.tags.get(name).map(String::as_str);
    entry.data(tag("study"), tag("dataset")).with("origin", tag("origin"))
}
