//! Asks one service again and again. When is decided by how it is: sooner while it cannot be used, and
//! not before its time while its circuit is open.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Health, Sample, Verdict, is_told};
use crate::{
    backend,
    domain::{CallerCredential, Credential, Offer, ServiceId},
    events::Event,
    registry::{Listing, Reach, StateWord},
    vitals::{CallKind, CircuitState, Phase},
};

impl Health {
    /// Asks a service now and publishes the answer, unless its circuit keeps the question away. Says
    /// what is known of it then; nothing if there is no such service.
    pub async fn probe_now(&self, id: &ServiceId) -> Option<Reach> {
        let _place = self.places.acquire().await.expect("the semaphore is never closed");
        let reach = |fleet: &crate::registry::Snapshot| Some(fleet.get(id)?.reach().clone());
        let fleet = self.parts.registry.snapshot();
        let vitals = fleet.get(id)?.vitals().clone();
        let Some(adapter) = self.parts.adapters.get(id) else { return reach(&fleet) };
        if vitals.check(CallKind::Probe).is_err() {
            return reach(&fleet);
        }
        let credential = self.parts.vault.service_credential(id);
        let callers_only = matches!(credential, Credential::None)
            && fleet.get(id)?.service().caller_credential == CallerCredential::Required;
        let began = Instant::now();
        let answer = tokio::time::timeout(self.parts.config.timeout, adapter.describe(&credential));
        let (found, offer) = match answer.await {
            // What it offers is asked on behalf of callers whom it knows.
            Ok(Err(backend::Error::Credential { .. })) if callers_only => (Reach::Usable, None),
            Ok(answer) => judge(answer),
            Err(_) => {
                let why = format!("no answer within {:?}", self.parts.config.timeout);
                (Reach::Unreachable { why }, None)
            }
        };
        let fleet = self.parts.registry.snapshot();
        if !Arc::ptr_eq(fleet.get(id)?.vitals(), &vitals) {
            // Another server has the id by now; what this one said is not about it.
            return reach(&fleet);
        }
        let answered = !matches!(found, Reach::Unreachable { .. });
        let latency = answered.then(|| began.elapsed());
        let now = self.now();
        self.parts.registry.publish(id, found, offer, now);
        let fleet = self.parts.registry.snapshot();
        self.remember(fleet.get(id)?, latency, now);
        reach(&fleet)
    }

    /// Writes into the history what was found, and tells whoever listens.
    fn remember(&self, listing: &Listing, latency: Option<Duration>, at: Timestamp) {
        let verdict = match (listing.state().word, listing.reach()) {
            (StateWord::Maintenance, _) => Verdict::Maintenance,
            (_, Reach::Unreachable { .. } | Reach::Unknown) => Verdict::Unreachable,
            (_, Reach::Unusable { .. }) => Verdict::Unusable,
            (StateWord::Up | StateWord::Draining, Reach::Usable) => Verdict::Up,
            // A circuit that calls of others keep open cannot be used, whatever the probe got.
            (StateWord::Down, Reach::Usable) => Verdict::Unreachable,
            (StateWord::Degraded | StateWord::Unknown, Reach::Usable) => Verdict::Degraded,
        };
        self.history.add(listing.id(), &Sample { at, verdict, latency });
        self.tell(listing.id());
    }

    /// Asks a service until `shutdown`. Every wait differs a little, so that services are not asked in
    /// step.
    pub(super) async fn watch(
        self: Arc<Self>,
        id: ServiceId,
        mut phases: watch::Receiver<Phase>,
        shutdown: CancellationToken,
    ) {
        let mut circuit = phases.borrow_and_update().circuit;
        let Some(mut next) = self.first_time(&id) else { return };
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                changed = phases.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let phase = *phases.borrow_and_update();
                    next = self.hear(&id, phase, circuit, next);
                    circuit = phase.circuit;
                }
                () = tokio::time::sleep_until(next) => {
                    tokio::select! {
                        _ = self.probe_now(&id) => {}
                        () = shutdown.cancelled() => return,
                    }
                    next = Instant::now() + self.wait(&id);
                }
            }
        }
    }

    /// When a service whose watch begins is asked first: at once, unless it has just been asked.
    fn first_time(&self, id: &ServiceId) -> Option<Instant> {
        // A record is in force a moment before its adapter is.
        const MOMENT: Duration = Duration::from_millis(20);
        let fleet = self.parts.registry.snapshot();
        let asked = !matches!(fleet.get(id)?.reach(), Reach::Unknown);
        Some(Instant::now() + if asked { self.wait(id) } else { MOMENT })
    }

    /// Tells of another phase of a circuit, and says when the service is to be asked next.
    fn hear(&self, id: &ServiceId, phase: Phase, before: CircuitState, next: Instant) -> Instant {
        let fleet = self.parts.registry.snapshot();
        let Some(listing) = fleet.get(id) else { return next };
        if phase.circuit != before && is_told(listing) {
            let why =
                phase.why.map_or_else(|| "it answers again".to_owned(), |why| why.to_string());
            let (service, circuit) = (id.clone(), phase.circuit.as_str());
            self.parts.events.publish(Event::ServiceCircuit { service, circuit, why });
        }
        self.tell(id);
        let now = Instant::now();
        let usable = matches!(listing.reach(), Reach::Usable);
        match phase.circuit {
            CircuitState::Open => now + self.wait(id),
            // Calls of others found out that it is back.
            CircuitState::Closed if !usable && phase.circuit != before => now,
            CircuitState::Closed | CircuitState::HalfOpen => next,
        }
    }

    fn wait(&self, id: &ServiceId) -> Duration {
        let fleet = self.parts.registry.snapshot();
        let Some(listing) = fleet.get(id) else { return self.parts.config.retry_interval };
        let usable = matches!(listing.reach(), Reach::Usable);
        let condition = listing.vitals().condition();
        match condition.retry_in {
            // Not sooner than the circuit allows.
            Some(wait) if !wait.is_zero() => wait.mul_f64(1.0 + 0.1 * fastrand::f64()),
            Some(_) | None => {
                let config = &self.parts.config;
                let settled = usable && condition.circuit == CircuitState::Closed;
                let wait = if settled { config.interval } else { config.retry_interval };
                wait.mul_f64(0.9 + 0.2 * fastrand::f64())
            }
        }
    }
}

/// What an answer says about a service. A refused credential is no outage, and an outage no bad
/// credential.
pub(super) fn judge(answer: backend::Result<Offer>) -> (Reach, Option<Offer>) {
    use backend::Error as E;
    let error = match answer {
        Ok(offer) => return (Reach::Usable, Some(offer)),
        Err(error) => error,
    };
    let why = error.to_string();
    let reach = match error {
        E::Unavailable { .. } | E::Uncertain { .. } => Reach::Unreachable { why },
        E::Refused { .. }
        | E::Busy { .. }
        | E::Credential { .. }
        | E::UnknownRun
        | E::Gone(_)
        | E::Unsupported(_)
        | E::Malformed(_)
        | E::Input(_) => Reach::Unusable { why },
    };
    (reach, None)
}
