//! The live condition of one service: what its circuit allows, what is in flight, how fast it answers.
//!
//! Fed by every call, whoever makes it. The one part of a registry's snapshot that moves under its reader.

mod circuit;
mod condition;
mod config;
mod pass;
mod window;

#[cfg(test)]
mod tests;

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, watch},
    time::Instant,
};

use self::{circuit::Circuit, condition::Mirror, window::Window};
pub use self::{
    circuit::{Outcome, Why},
    condition::{CircuitState, Condition, Phase, Unease},
    config::Config,
    pass::{CallKind, Pass, Refusal},
};

/// The live condition of one service.
#[derive(Debug)]
pub struct Vitals {
    config: Config,
    max_in_flight: u32,
    /// Every call but a probe holds one while it lasts.
    slots: Arc<Semaphore>,
    /// Submissions hold one of these too. They are fewer, so that long uploads leave room for reads.
    submission_slots: Arc<Semaphore>,
    in_flight: AtomicU32,
    /// Guards the circuit and what is counted; held while one call is let in or accounted for.
    inner: Mutex<Inner>,
    /// What `inner` says, for readers that take no lock.
    mirror: Mirror,
    phase: watch::Sender<Phase>,
}

#[derive(Debug)]
struct Inner {
    circuit: Circuit,
    /// All calls of the last while; unlike the circuit's own count it outlives its phases.
    calls: Window,
    openings: Window,
    latency_us: Option<f64>,
}

impl Vitals {
    /// A service about which nothing is known yet: its circuit is closed.
    pub fn new(config: &Config, max_in_flight: Option<usize>) -> Self {
        let slots = max_in_flight.unwrap_or(config.max_in_flight).clamp(1, Config::MOST_IN_FLIGHT);
        let now = Instant::now();
        let phase = Phase {
            circuit: CircuitState::Closed,
            since: now,
            why: None,
            unease: None,
            unease_since: now,
        };
        Self {
            max_in_flight: u32::try_from(slots).expect("clamped"),
            slots: Semaphore::new(slots).into(),
            // At least one place for reads, where there are two.
            submission_slots: Semaphore::new((slots - (slots / 4).max(1)).max(1)).into(),
            in_flight: AtomicU32::new(0),
            inner: Mutex::new(Inner {
                circuit: Circuit::new(now, config),
                calls: Window::new(now, config.window),
                openings: Window::new(now, config.forgive_after),
                latency_us: None,
            }),
            mirror: Mirror::new(now),
            phase: watch::Sender::new(phase),
            config: config.clone(),
        }
    }

    /// Lets a call in, or says why not. A read waits a moment for a slot, a submission does not: another
    /// service may have one. A probe needs none, so that a full house can still be looked at.
    pub async fn admit(&self, kind: CallKind) -> Result<Pass<'_>, Refusal> {
        // A first look, so that nobody waits for a slot of a service that is left alone.
        self.lock().circuit.refusal(kind, Instant::now())?;
        let slots = match kind {
            CallKind::Probe => [None, None],
            CallKind::Read => {
                let slot = self.slots.clone().acquire_owned();
                let slot = tokio::time::timeout(self.config.slot_wait, slot).await;
                [Some(slot.map_err(|_| Refusal::Full)?.expect("slots are never closed")), None]
            }
            CallKind::Submit => [Some(take(&self.submission_slots)?), Some(take(&self.slots)?)],
        };
        let mut inner = self.lock();
        let now = Instant::now();
        let ticket = self.change(&mut inner, now, |circuit| circuit.admit(kind, now))?;
        Ok(Pass::new(self, kind, ticket, now, slots))
    }

    /// How it is doing at this very moment. Takes no lock and no memory: routing asks for a thousand
    /// services. What is counted is as of the last call.
    pub fn condition(&self) -> Condition {
        let places = [&self.submission_slots, &self.slots];
        let has_place = places.iter().all(|places| places.available_permits() > 0);
        self.mirror.condition(self.in_flight.load(Relaxed), self.max_in_flight, has_place)
    }

    /// The phase that the circuit is in: since when and why.
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Tells of the circuit's phases as they change. A slow listener sees the last one.
    pub fn phases(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// Takes an outcome in.
    fn account(&self, kind: CallKind, ticket: circuit::Ticket, began: Instant, outcome: Outcome) {
        let jitter = fastrand::f64();
        let mut inner = self.lock();
        let now = Instant::now();
        match outcome {
            Outcome::Success => inner.calls.add(now, true),
            Outcome::Failure | Outcome::Throttled { .. } => inner.calls.add(now, false),
            Outcome::Neutral => {}
        }
        // The time of an upload says more about the files than about the service.
        if outcome == Outcome::Success && kind != CallKind::Submit {
            let took = now.saturating_duration_since(began).as_secs_f64() * 1e6;
            inner.latency_us =
                Some(inner.latency_us.map_or(took, |mean| mean + (took - mean) / 8.0));
        }
        self.change(&mut inner, now, |circuit| {
            circuit.after(ticket, outcome, now, &self.config, jitter);
        });
    }

    /// Changes the circuit, and tells whoever listens if that or the service's unease is another now.
    fn change<T>(
        &self,
        inner: &mut Inner,
        now: Instant,
        step: impl FnOnce(&mut Circuit) -> T,
    ) -> T {
        let before = inner.circuit.state();
        let result = step(&mut inner.circuit);
        let circuit = inner.circuit.state();
        inner.openings.advance(now);
        inner.calls.advance(now);
        if circuit != before && circuit == CircuitState::Open {
            inner.openings.add(now, false);
        }
        let unease = self.unease(inner);
        self.phase.send_if_modified(|phase| {
            let changed = (phase.circuit, phase.unease) != (circuit, unease);
            if phase.circuit != circuit {
                (phase.circuit, phase.since, phase.why) = (circuit, now, inner.circuit.why());
            }
            if phase.unease != unease {
                (phase.unease, phase.unease_since) = (unease, now);
            }
            changed
        });
        self.mirror.set(inner);
        result
    }

    fn unease(&self, inner: &Inner) -> Option<Unease> {
        const ENOUGH: u32 = 5;
        let (failures, samples) = (inner.calls.failures(), inner.calls.samples());
        let slow_after = self.config.slow_after.as_micros() as f64;
        if samples >= ENOUGH && failures > samples / 10 {
            Some(Unease::Failing)
        } else if inner.latency_us.is_some_and(|mean| mean > slow_after) {
            Some(Unease::Slow)
        } else if inner.openings.failures() > 1 {
            Some(Unease::Flapping)
        } else {
            None
        }
    }

    /// Whether a call of this kind would be let in now.
    pub fn check(&self, kind: CallKind) -> Result<(), Refusal> {
        self.lock().circuit.refusal(kind, Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder panics")
    }
}

fn take(slots: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Refusal> {
    slots.clone().try_acquire_owned().map_err(|error| match error {
        TryAcquireError::NoPermits | TryAcquireError::Closed => Refusal::Full,
    })
}
