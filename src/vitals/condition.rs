//! What is read of a service's vitals: plain values, mirrored so that reading takes no lock.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use tokio::time::Instant;

use super::{Inner, Why, circuit::Circuit};

/// What a circuit allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CircuitState {
    /// Calls flow.
    Closed,
    /// None does.
    Open,
    /// One does, and decides.
    HalfOpen,
}

impl CircuitState {
    /// The word in events and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// The phase that a circuit is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phase {
    /// What it allows.
    pub circuit: CircuitState,
    /// Since when.
    pub since: Instant,
    /// Why it is not closed.
    pub why: Option<Why>,
    /// What is wrong with its answers, although calls flow.
    pub unease: Option<Unease>,
    /// Since when that is, or is not, so.
    pub unease_since: Instant,
}

/// What is wrong with a service that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unease {
    /// More than one call in ten fails.
    Failing,
    /// It takes longer to answer than `slow_after`.
    Slow,
    /// Its circuit opened more than once lately.
    Flapping,
}

/// How a service is doing at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// What its circuit allows.
    pub circuit: CircuitState,
    /// When an open circuit lets a call through, seen from now.
    pub retry_in: Option<Duration>,
    /// Calls under way, probes included.
    pub in_flight: u32,
    /// Most calls at a time.
    pub max_in_flight: u32,
    /// There is a place for one more submission.
    pub has_place: bool,
    /// Moving average of how long it takes to answer; unset until it answered once.
    pub latency: Option<Duration>,
    /// Share of the calls within the window that succeeded; unset if there was none.
    pub success_rate: Option<f32>,
    /// Calls within the window.
    pub samples: u32,
    /// How often the circuit opened lately (within `forgive_after`).
    pub trips: u32,
}

/// The same values where readers find them without a lock.
#[derive(Debug)]
pub(super) struct Mirror {
    born: Instant,
    /// The circuit in the two lowest bits, above them the microseconds from birth until an open one
    /// lets a call through: one word, so that both belong together.
    circuit: AtomicU64,
    /// Successes in the upper half, all calls in the lower one.
    counts: AtomicU64,
    trips: AtomicU32,
    /// Microseconds; 0 is unknown.
    latency: AtomicU64,
}

impl Mirror {
    pub(super) fn new(born: Instant) -> Self {
        Self {
            born,
            circuit: AtomicU64::new(0),
            counts: AtomicU64::new(0),
            trips: AtomicU32::new(0),
            latency: AtomicU64::new(0),
        }
    }

    pub(super) fn set(&self, inner: &Inner) {
        let word = match &inner.circuit {
            Circuit::Closed { .. } => 0,
            Circuit::Open { until, .. } => {
                let micros = until.saturating_duration_since(self.born).as_micros();
                u64::try_from(micros).unwrap_or(u64::MAX >> 2) << 2 | 1
            }
            Circuit::HalfOpen { .. } => 2,
        };
        let counts = u64::from(inner.calls.successes()) << 32 | u64::from(inner.calls.samples());
        let latency = inner.latency_us.map_or(0, |micros| (micros as u64).max(1));
        self.circuit.store(word, Relaxed);
        self.counts.store(counts, Relaxed);
        self.trips.store(inner.openings.failures(), Relaxed);
        self.latency.store(latency, Relaxed);
    }

    pub(super) fn condition(
        &self,
        in_flight: u32,
        max_in_flight: u32,
        has_place: bool,
    ) -> Condition {
        let word = self.circuit.load(Relaxed);
        let (circuit, retry_in) = match word & 3 {
            0 => (CircuitState::Closed, None),
            1 => {
                let until = self.born + Duration::from_micros(word >> 2);
                (CircuitState::Open, Some(until.saturating_duration_since(Instant::now())))
            }
            _ => (CircuitState::HalfOpen, None),
        };
        let counts = self.counts.load(Relaxed);
        let (successes, samples) = ((counts >> 32) as u32, counts as u32);
        let latency = self.latency.load(Relaxed);
        Condition {
            circuit,
            retry_in,
            in_flight,
            max_in_flight,
            has_place,
            latency: (latency > 0).then(|| Duration::from_micros(latency)),
            success_rate: (samples > 0).then(|| successes as f32 / samples as f32),
            samples,
            trips: self.trips.load(Relaxed),
        }
    }
}
