//! Sends a run to the candidates of its route, in order, until one takes it.
//!
//! Another service is asked only after an outcome that proves that nothing was placed, only while the
//! files can still be sent from the beginning, and only if it may and can take the run by then. A lost
//! answer is never failed over.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use secrecy::SecretString;
use tracing::{info, warn};

use super::{Error, Gateway, InputFault, Order, Result, fetch, imputation, needs};
use crate::{
    backend::{self, Attachments, Backend, ImputationOrder, Submission},
    domain::{BackendRunId, Caller, Needs, RunId, ServiceId},
    ga4gh::wes::State,
    ledger::Outcome,
    limit::Limit,
    policy::Permit,
    routing::{self, Candidate, Fit, PassedOver},
};

/// What was decided about a run.
pub(super) struct Plan {
    /// Where it may go at all; goes along, so that nothing later widens it.
    pub(super) permit: Permit,
    /// What it needs.
    pub(super) needs: Needs,
    /// Whom to ask, in order.
    pub(super) candidates: Vec<Candidate>,
    /// Who was not even a candidate, and why.
    pub(super) excluded: Vec<(ServiceId, String)>,
}

/// What to do after a service was asked.
enum Next {
    /// The run is placed, or may be.
    Done,
    /// Nothing was placed; another service may be asked.
    Another { why: String, retry_after: Option<Duration> },
    /// Nothing was placed, and nobody else is to be asked.
    Stop(Error),
}

impl Gateway {
    /// Sends the run. `Ok` means that it exists.
    pub(super) async fn dispatch(
        &self,
        run_id: RunId,
        caller: &Caller,
        plan: Plan,
        order: Order,
        password: Option<SecretString>,
    ) -> Result<()> {
        let (needs, permit) = (&plan.needs, &plan.permit);
        let mut excluded: BTreeMap<_, _> = plan.excluded.into_iter().collect();
        let (mut asked, mut soonest) = (0, None::<Duration>);
        for candidate in plan.candidates {
            let service = candidate.service_id.clone();
            if !order.files.is_replayable() {
                break;
            }
            // So that many runs that go wrong do not become many times as many calls.
            if asked == self.parts.config.max_attempts {
                excluded.insert(service, format!("not asked: {asked} others were"));
                break;
            }
            let (fit, adapter) = match self.look_again(permit, needs, &candidate) {
                Ok(both) => both,
                Err(passed_over) => {
                    let why = format!("not asked after all: {passed_over}");
                    self.parts.ledger.pass_over(&run_id, &service, &why).await?;
                    excluded.insert(service, why);
                    continue;
                }
            };
            if let Some(wait) = self.wait_for_submission(&service).await {
                let seconds = wait.as_secs().max(1);
                let why = format!("not asked: it gets no more submissions for {seconds} s");
                self.parts.ledger.pass_over(&run_id, &service, &why).await?;
                excluded.insert(service, why);
                soonest = soonest.into_iter().chain([wait]).min();
                continue;
            }
            asked += 1;
            let submission = self.submission(run_id, needs, &fit, &order, password.clone());
            match self.attempt(run_id, caller, &service, adapter, submission, &order).await? {
                Next::Done => return self.finish(run_id, &order).await,
                Next::Another { why, retry_after } => {
                    excluded.insert(service, why);
                    soonest = [soonest, retry_after].into_iter().flatten().min();
                }
                Next::Stop(error) => {
                    self.parts.ledger.refuse(&run_id, &error.to_string()).await?;
                    self.announce(run_id, &caller.id, None, State::SystemError);
                    return Err(error);
                }
            }
        }
        self.parts.ledger.refuse(&run_id, &list_reasons(&excluded)).await?;
        self.announce(run_id, &caller.id, None, State::SystemError);
        Err(Error::NoService { excluded, retry_after: soonest })
    }

    /// How long until a service may be sent another submission, if not now.
    async fn wait_for_submission(&self, service: &ServiceId) -> Option<Duration> {
        let standing = self.parts.limiter.take(Limit::ServiceSubmit, service.as_str(), 1).await;
        standing?.retry_after
    }

    /// How the run is put to a candidate, as it stands by now.
    fn look_again(
        &self,
        permit: &Permit,
        needs: &Needs,
        candidate: &Candidate,
    ) -> Result<(Fit, Arc<dyn Backend>), PassedOver> {
        let fleet = self.parts.registry.snapshot();
        let fit = routing::recheck(permit, needs, &fleet, candidate)?;
        let adapter = self.parts.adapters.get(&candidate.service_id).ok_or(PassedOver::Gone)?;
        Ok((fit, adapter))
    }

    async fn attempt(
        &self,
        run_id: RunId,
        caller: &Caller,
        service: &ServiceId,
        adapter: Arc<dyn Backend>,
        submission: Submission,
        order: &Order,
    ) -> Result<Next> {
        if let Err(error) = self.audit_submission(run_id, caller, service, &order.request).await {
            return Ok(Next::Stop(error));
        }
        let credential = self.parts.vault.credential(&caller.id, service);
        self.parts.ledger.begin_attempt(&run_id, service).await?;
        let answer = adapter.run_workflow(&credential, submission).await;
        self.record(run_id, caller, service, answer, order).await
    }

    /// Writes down what came of an attempt, and says what follows from it.
    async fn record(
        &self,
        run_id: RunId,
        caller: &Caller,
        service: &ServiceId,
        answer: backend::Result<BackendRunId>,
        order: &Order,
    ) -> Result<Next> {
        let ledger = &self.parts.ledger;
        let error = match answer {
            Ok(id) => {
                let state = ledger.place(&run_id, &id).await?;
                self.announce_early(run_id, &caller.id, Some(service), state).await;
                self.parts.metrics.run_transition(service.as_str(), "QUEUED");
                info!(run.id = %run_id, service.id = %service, "run {run_id} is placed at {service}");
                self.wake(service);
                return Ok(Next::Done);
            }
            Err(error) => error,
        };
        let why = error.to_string();
        let (outcome, next) = match error {
            backend::Error::Uncertain { .. } => {
                warn!(run.id = %run_id, service.id = %service, "run {run_id} is uncertain: {why}");
                ledger.mark_uncertain(&run_id, &why).await?;
                let note = format!(
                    "{service} did not confirm the run ({why}); it may exist there, and is looked \
                     for. It is not sent anywhere else."
                );
                ledger.note(&run_id, &note).await?;
                return Ok(Next::Done);
            }
            backend::Error::Refused { status, message } => {
                let service = service.clone();
                (Outcome::Refused, Next::Stop(Error::Refused { service, status, message }))
            }
            backend::Error::Input(_) => {
                let fault = order.files.fault().cloned().unwrap_or_else(|| {
                    InputFault::new("upload_incomplete", "the upload broke off before its end")
                });
                (Outcome::Refused, Next::Stop(fault.into()))
            }
            backend::Error::Unavailable { retry_after, .. }
            | backend::Error::Busy { retry_after, .. } => {
                (Outcome::Unavailable, Next::Another { why: why.clone(), retry_after })
            }
            backend::Error::Credential { .. }
            | backend::Error::UnknownRun
            | backend::Error::Gone(_)
            | backend::Error::Unsupported(_)
            | backend::Error::Malformed(_) => {
                (Outcome::Unavailable, Next::Another { why: why.clone(), retry_after: None })
            }
        };
        info!(run.id = %run_id, service.id = %service, "{service} did not take run {run_id}: {why}");
        ledger.attempt_failed(&run_id, outcome, &why).await?;
        Ok(next)
    }

    async fn finish(&self, run_id: RunId, order: &Order) -> Result<()> {
        if let Some(fingerprint) = order.fingerprint.get() {
            self.parts.ledger.set_fingerprint(&run_id, fingerprint).await?;
        }
        Ok(())
    }

    fn submission(
        &self,
        run_id: RunId,
        needs: &Needs,
        fit: &Fit,
        order: &Order,
        password: Option<SecretString>,
    ) -> Submission {
        let mut request = order.request.clone();
        request.workflow_type.clone_from(&fit.workflow_type);
        let imputation = match (&needs.imputation, &fit.panel, password) {
            (Some(imputation), Some(panel), Some(archive_password)) => Some(ImputationOrder {
                imputation: imputation.clone(),
                panel: panel.clone(),
                archive_password,
            }),
            _ => None,
        };
        let attachments = self.attachments(needs, fit, order);
        Submission { run_id, request, imputation, attachments }
    }

    fn attachments(&self, needs: &Needs, fit: &Fit, order: &Order) -> Attachments {
        let rule = needs.imputation.clone().map(Arc::new);
        let attachments = order.files.attachments(move |names, ended| match (&rule, names) {
            (Some(imputation), names) if ended => imputation::check_files(imputation, Some(names)),
            (Some(imputation), [.., name]) => imputation::check_name(imputation, name),
            (Some(_) | None, _) => Ok(()),
        });
        let urls = needs::urls(needs);
        let fetches_all = urls.iter().all(|url| fit.fetches(url.scheme()));
        if fetches_all {
            return attachments;
        }
        fetch::append(attachments, urls, self.parts.client.clone(), order.files.blame())
    }
}

fn list_reasons(excluded: &BTreeMap<ServiceId, String>) -> String {
    let reasons: Vec<_> = excluded.iter().map(|(id, why)| format!("{id}: {why}")).collect();
    format!("no service took the run ({})", reasons.join("; "))
}
