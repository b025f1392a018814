//! A run arrives: decided on one view of the federation, written down, and only then sent.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

use secrecy::{ExposeSecret, SecretString};

use super::{
    Error, Files, Gateway, InputFault, Result,
    decision::{self, Decision},
    dispatch::Plan,
    fetch, keep, needs,
};
use crate::{
    domain::{Caller, Lack, Needs, RunId, ServiceId},
    ga4gh::wes::{RunRequest, State},
    ledger::{NewRun, Opened, Phase},
    limit::Place,
    registry::Snapshot,
    routing::{self, Exclusion, Misfit, NoRoute},
};

/// What a caller submits.
#[derive(Debug)]
pub struct Order {
    /// The request.
    pub request: RunRequest,
    /// Its files, which may still be arriving.
    pub files: Files,
    /// The caller's `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// What the whole body comes to; set by whoever reads it, before its last file is handed over.
    pub fingerprint: Arc<OnceLock<String>>,
}

/// What an `Idempotency-Key` was used for before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repetition {
    /// Never: this is the first time.
    First,
    /// For this run.
    Of {
        /// The run.
        run_id: RunId,
        /// What its body came to. Unknown if the gateway was killed before the whole body had come and
        /// the run was found at its service all the same.
        fingerprint: Option<String>,
    },
}

impl Gateway {
    /// Takes a run and places it. Once this returns an id, the run exists and is never forgotten, even
    /// if its service did not confirm it.
    pub async fn run_workflow(self: &Arc<Self>, caller: &Caller, order: Order) -> Result<RunId> {
        let run_id = RunId::generate();
        let fleet = self.parts.registry.snapshot();
        let own = self.own_credentials(&caller.id, &fleet).await?;
        self.learn_offers(&caller.id, &fleet, &own).await?;
        let fleet = self.parts.registry.snapshot();
        let decided = self.decide(run_id, caller, &order, &fleet, own);
        self.audit_decision(run_id, caller, &order.request, &decided).await?;
        let (decision, plan) = decided?;
        let place = self.place(caller).await?;

        let password = plan.needs.imputation.as_ref().map(|_| archive_password());
        let record = run_id.to_string();
        let sealed =
            password.as_ref().map(|text| self.parts.passwords.seal(&record, text.expose_secret()));

        // From here on this process is busy with the run; nobody else may reconcile it.
        let active = self.activate(run_id);
        // The ledger hears of the run before any service does: a crash in between leaves an entry to
        // reconcile, never a run that nobody remembers.
        let opened = self
            .parts
            .ledger
            .open(NewRun {
                run_id,
                caller,
                request: &keep::request(&order.request, plan.kept_here),
                decision: &decision,
                sealed_password: sealed.as_deref(),
                idempotency_key: order.idempotency_key.as_deref(),
                fingerprint: order.fingerprint.get().map(String::as_str),
            })
            .await?;
        if opened == Opened::KeyInUse {
            return Err(Error::KeyBusy);
        }
        self.announce(run_id, &caller.id, None, State::Initializing);

        // The caller may leave; the run goes on, and so it belongs to a task of its own.
        let gateway = self.clone();
        let caller = caller.clone();
        let task = self.tracker.spawn(async move {
            let _held = (active, place);
            gateway.dispatch(run_id, &caller, plan, order, password).await
        });
        task.await.map_err(|error| Error::Internal(Box::new(error)))??;
        Ok(run_id)
    }

    /// A place among the submissions under way. Institutions share them, so that none of them starves the
    /// others; a caller without one stands alone.
    async fn place(&self, caller: &Caller) -> Result<Place> {
        let alone = || caller.id.as_str().to_owned();
        let tenant = caller.institution.clone().unwrap_or_else(alone);
        self.parts.places.enter(&tenant).await.map_err(|_| Error::Busy)
    }

    /// Looks up what an `Idempotency-Key` was used for. While that submission is still under way, the
    /// answer is [`Error::KeyBusy`].
    pub async fn repetition(&self, caller: &Caller, key: &str) -> Result<Repetition> {
        let Some(entry) = self.parts.ledger.run_of_key(&caller.id, key).await? else {
            return Ok(Repetition::First);
        };
        // Under way, or left behind by a process that ended: nobody was told of a run yet, and it is not
        // known yet whether there is one.
        let untold = matches!(entry.phase, Phase::Open | Phase::Sending);
        if untold || self.is_active(&entry.run_id) {
            return Err(Error::KeyBusy);
        }
        Ok(Repetition::Of { run_id: entry.run_id, fingerprint: entry.fingerprint })
    }

    /// Decides on one view of the federation where the run may go and in which order it is tried.
    fn decide(
        &self,
        run_id: RunId,
        caller: &Caller,
        order: &Order,
        fleet: &Snapshot,
        own_credentials: BTreeMap<ServiceId, Option<Lack>>,
    ) -> Result<(String, Plan)> {
        let mut needs = needs::of(&order.request, order.files.names().as_deref())?;
        needs.own_credentials = own_credentials;
        let unfetchable = self.leave_fetching_to_services(&mut needs);
        let permit = self.permit(caller, &needs, fleet)?;
        let kept_here = self.keeps(&permit);
        if !kept_here && order.files.is_spooled() {
            return Err(keep::in_the_wrong_order().into());
        }
        let mut dice = fastrand::Rng::with_seed(run_id.dice());
        let route = match routing::choose(&permit, &needs, fleet, &mut dice) {
            Ok(route) => route,
            Err(NoRoute::Unfit { misfit: Misfit::Inputs, message }) => {
                let fault = unfetchable.unwrap_or(InputFault::new("fetch_not_allowed", message));
                return Err(fault.into());
            }
            Err(NoRoute::Unfit { misfit, message }) => {
                return Err(Error::Unfit { misfit, message, rule: permit.rule().to_owned() });
            }
            Err(NoRoute::UnknownService(id)) => return Err(Error::UnknownService(id)),
            Err(NoRoute::Credential(excluded)) => {
                let (mut services, _) = decision::unavailable(&excluded, &needs);
                let wanted = excluded.iter().filter(|one| one.why == Exclusion::Credential);
                let wanted: BTreeSet<_> = wanted.map(|one| one.listing.id()).collect();
                services.retain(|id, _| wanted.contains(id));
                return Err(Error::Credential { services });
            }
            Err(NoRoute::Unavailable(excluded)) => {
                let (excluded, retry_after) = decision::unavailable(&excluded, &needs);
                return Err(Error::NoService { excluded, retry_after });
            }
        };
        let decision = Decision::of(&permit, &needs, fleet, &route, kept_here);
        let decision =
            serde_json::to_string(&decision).map_err(|error| Error::Internal(Box::new(error)))?;
        let candidates = route.candidates;
        let excluded = routing::told(&route.excluded, &needs, decision::MAX_TOLD);
        Ok((decision, Plan { permit, needs, candidates, excluded, kept_here }))
    }

    /// Where the gateway may not fetch the inputs, the service must. Says what is wrong if none can.
    fn leave_fetching_to_services(&self, needs: &mut Needs) -> Option<InputFault> {
        let urls = needs::urls(needs);
        let fault = fetch::check(&urls, &self.parts.config.fetch_hosts).err()?;
        needs.protocols = urls.iter().map(|url| url.scheme().to_owned()).collect();
        Some(fault)
    }
}

/// Letters and digits only, led by letters: Cloudgene escapes, quotes and guesses the type of what it is
/// given, and only such a text survives all three.
fn archive_password() -> SecretString {
    use ring::rand::SecureRandom;

    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
    let mut random = [0; 24];
    ring::rand::SystemRandom::new()
        .fill(&mut random)
        .expect("the operating system gives randomness");
    let text = random.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
    "Gw".chars().chain(text).collect::<String>().into()
}
