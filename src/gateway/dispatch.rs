//! Sends a run to the candidates of its route, in order, until one takes it.
//!
//! Another service is asked only after an outcome that proves that nothing was placed, only while the
//! files can still be sent from the beginning, and only if it may and can take the run by then. A lost
//! answer is never failed over.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use secrecy::SecretString;
use tracing::{info, warn};

use super::{
    Error, Gateway, InputFault, Order, Result,
    credentials::{Shown, refusal},
    fetch, imputation, needs,
};
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
    /// Whether the gateway may keep what belongs to it.
    pub(super) kept_here: bool,
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
    /// Nothing was placed, since the service did not accept the caller's credential; another service may
    /// be asked.
    Lacking(String),
    /// Nothing was placed, and nobody else is to be asked.
    Stop(Error),
}

/// A service that is about to be asked.
struct Asked<'a> {
    id: &'a ServiceId,
    adapter: Arc<dyn Backend>,
    shown: Shown,
}

/// What came of the services so far.
struct Tally {
    /// How many were asked.
    asked: usize,
    /// Why each did not take the run.
    excluded: BTreeMap<ServiceId, String>,
    /// Those for which the caller has to enter or renew a credential.
    lacking: BTreeMap<ServiceId, String>,
    /// Whether a candidate did not take the run for another reason.
    others: bool,
    /// When it may be worth another try.
    soonest: Option<Duration>,
}

impl Tally {
    fn new(excluded: BTreeMap<ServiceId, String>) -> Self {
        let lacking = BTreeMap::new();
        Self { asked: 0, excluded, lacking, others: false, soonest: None }
    }

    fn failed(&mut self, id: ServiceId, why: String, retry_after: Option<Duration>) {
        self.others = true;
        self.soonest = [self.soonest, retry_after].into_iter().flatten().min();
        self.excluded.insert(id, why);
    }

    /// Why no service took the run.
    fn into_error(self) -> Error {
        if !self.others && !self.lacking.is_empty() {
            return Error::Credential { services: self.lacking };
        }
        let excluded = self.excluded.into_iter().chain(self.lacking).collect();
        Error::NoService { excluded, retry_after: self.soonest }
    }
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
        let (needs, mut permit, kept_here) = (&plan.needs, plan.permit, plan.kept_here);
        let mut tally = Tally::new(plan.excluded.into_iter().collect());
        for candidate in plan.candidates {
            let id = candidate.service_id.clone();
            if !order.files.is_replayable() {
                break;
            }
            // So that many runs that go wrong do not become many times as many calls.
            if tally.asked == self.parts.config.max_attempts {
                tally.failed(id, format!("not asked: {} others were", tally.asked), None);
                break;
            }
            let (fit, adapter) = match self.look_again(&mut permit, caller, needs, &candidate) {
                Ok(both) => both,
                Err(passed_over) => {
                    let why = format!("not asked after all: {passed_over}");
                    self.parts.ledger.pass_over(&run_id, &id, &why).await?;
                    tally.failed(id, why, None);
                    continue;
                }
            };
            if let Some(wait) = self.wait_for_submission(&id).await {
                let seconds = wait.as_secs().max(1);
                let why = format!("not asked: it gets no more submissions for {seconds} s");
                self.parts.ledger.pass_over(&run_id, &id, &why).await?;
                tally.failed(id, why, Some(wait));
                continue;
            }
            let shown = match self.credential_to_send(&caller.id, &id).await? {
                Ok(shown) => shown,
                Err(lack) => {
                    let why = lack.words(&id);
                    self.parts.ledger.pass_over(&run_id, &id, &why).await?;
                    tally.lacking.insert(id, why);
                    continue;
                }
            };
            tally.asked += 1;
            let submission = self.submission(run_id, needs, &fit, &order, password.clone());
            let asked = Asked { id: &id, adapter, shown };
            match self.attempt(run_id, caller, asked, submission, &order, kept_here).await? {
                Next::Done => return self.finish(run_id, &order).await,
                Next::Another { why, retry_after } => tally.failed(id, why, retry_after),
                Next::Lacking(why) => {
                    tally.lacking.insert(id, why);
                }
                Next::Stop(error) => return self.refuse(run_id, caller, error, kept_here).await,
            }
        }
        let reasons = list_reasons(tally.excluded.iter().chain(&tally.lacking));
        self.parts.ledger.refuse(&run_id, &reasons).await?;
        self.announce(run_id, &caller.id, None, State::SystemError);
        Err(tally.into_error())
    }

    async fn refuse(
        &self,
        run_id: RunId,
        caller: &Caller,
        error: Error,
        kept_here: bool,
    ) -> Result<()> {
        let words = if kept_here { error.to_string() } else { "refused".to_owned() };
        self.parts.ledger.refuse(&run_id, &words).await?;
        self.announce(run_id, &caller.id, None, State::SystemError);
        Err(error)
    }

    /// How long until a service may be sent another submission, if not now.
    async fn wait_for_submission(&self, service: &ServiceId) -> Option<Duration> {
        let standing = self.parts.limiter.take(Limit::ServiceSubmit, service.as_str(), 1).await;
        standing?.retry_after
    }

    /// How the run is put to a candidate, as it stands by now. Law, records and agreements may have changed
    /// while another service was asked, so the permit is asked for anew, and what it no longer has is taken
    /// from the one of the decision.
    fn look_again(
        &self,
        permit: &mut Permit,
        caller: &Caller,
        needs: &Needs,
        candidate: &Candidate,
    ) -> Result<(Fit, Arc<dyn Backend>), PassedOver> {
        let fleet = self.parts.registry.snapshot();
        let fresh = self.permit(caller, needs, &fleet);
        let fit = routing::recheck(permit, fresh, needs, &fleet, candidate)?;
        let adapter = self.parts.adapters.get(&candidate.service_id).ok_or(PassedOver::Gone)?;
        Ok((fit, adapter))
    }

    async fn attempt(
        &self,
        run_id: RunId,
        caller: &Caller,
        asked: Asked<'_>,
        submission: Submission,
        order: &Order,
        kept_here: bool,
    ) -> Result<Next> {
        let Asked { id, adapter, shown } = asked;
        let audited = self.audit_submission(run_id, caller, id, &shown, &order.request).await;
        if let Err(error) = audited {
            return Ok(Next::Stop(error));
        }
        self.parts.ledger.begin_attempt(&run_id, id, shown.own).await?;
        let answer = adapter.run_workflow(&shown.credential, submission).await;
        let refused = answer.as_ref().err().filter(|_| shown.own);
        if let Some(why) = refused.and_then(|error| refusal(id, error)) {
            info!(run.id = %run_id, service.id = %id, "{id} did not take run {run_id}: {why}");
            self.parts.ledger.attempt_failed(&run_id, Outcome::Unavailable, &why).await?;
            return Ok(Next::Lacking(why));
        }
        self.record(run_id, caller, id, answer, order, kept_here).await
    }

    /// Writes down what came of an attempt, and says what follows from it.
    async fn record(
        &self,
        run_id: RunId,
        caller: &Caller,
        service: &ServiceId,
        answer: backend::Result<BackendRunId>,
        order: &Order,
        kept_here: bool,
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
        let kind = error.kind();
        // A service's own words may name files or samples.
        let why = if kept_here { error.to_string() } else { kind.to_owned() };
        let (outcome, next) = match error {
            backend::Error::Uncertain { .. } => {
                warn!(run.id = %run_id, service.id = %service, "run {run_id} is uncertain");
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
        info!(run.id = %run_id, service.id = %service, "{service} did not take run {run_id}: {kind}");
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

fn list_reasons<'a>(excluded: impl Iterator<Item = (&'a ServiceId, &'a String)>) -> String {
    let reasons: Vec<_> = excluded.map(|(id, why)| format!("{id}: {why}")).collect();
    format!("no service took the run ({})", reasons.join("; "))
}
