//! The circuit breaker of one service, as a function of values: no clock, no lock, no chance of its own.
//!
//! Closed: calls flow. Open: none does, until its time. Half-open: one call does, and decides. Every call
//! carries a ticket of the phase that let it in, and an answer to a call of an earlier phase decides
//! nothing: it says how the service was, not how it is.

use std::{fmt, time::Duration};

use tokio::time::Instant;

use super::{CallKind, CircuitState, Config, Refusal, Window};

/// What came of a call, as far as the service's health goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The service works.
    Success,
    /// The service did not answer, or broke.
    Failure,
    /// The service asked for patience. Counts as a failure.
    Throttled {
        /// For how long, if it said so.
        retry_after: Option<Duration>,
    },
    /// Says nothing about the service.
    Neutral,
}

/// Why a circuit opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// So many calls failed in a row.
    Failures(u32),
    /// Too few calls of the last while succeeded.
    Rate {
        /// How many did, in per cent.
        percent: u8,
        /// Of how many.
        samples: u32,
    },
    /// The one call that was let through to see whether it is back failed too.
    StillFailing,
    /// The one call that was let through was turned away with a wish for patience.
    StillThrottled,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failures(1) => f.write_str("a call failed"),
            Self::Failures(count) => write!(f, "{count} calls in a row failed"),
            Self::Rate { percent, samples } => {
                write!(f, "only {percent} % of its last {samples} calls succeeded")
            }
            Self::StillFailing => f.write_str("it still failed when it was tried again"),
            Self::StillThrottled => {
                f.write_str("it still asked for patience when it was tried again")
            }
        }
    }
}

/// Proof that a call was let in, and by which phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket(u64);

/// A circuit.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Circuit {
    /// Calls flow.
    Closed {
        phase: u64,
        since: Instant,
        /// Openings that are not forgiven yet.
        trips: u32,
        /// Failures in a row.
        failures: u32,
        window: Window,
        /// The service asked to be left alone until then.
        spare_until: Option<Instant>,
    },
    /// No call does, until its time.
    Open { phase: u64, trips: u32, until: Instant, why: Why },
    /// One call does, and decides.
    HalfOpen { phase: u64, trips: u32, why: Why, asked: bool },
}

impl Circuit {
    pub(super) fn new(now: Instant, config: &Config) -> Self {
        Self::closed(0, 0, now, config)
    }

    /// Whether this call would be refused now.
    pub(super) fn refusal(&self, kind: CallKind, now: Instant) -> Result<(), Refusal> {
        match self {
            Self::Closed { .. } => Ok(()),
            Self::Open { until, .. } if now >= *until && kind != CallKind::Submit => Ok(()),
            Self::HalfOpen { asked: false, .. } if kind != CallKind::Submit => Ok(()),
            Self::Open { until, why, .. } => {
                let retry_in = until.saturating_duration_since(now);
                Err(Refusal::Open { retry_in, why: *why })
            }
            Self::HalfOpen { why, .. } => {
                Err(Refusal::Open { retry_in: Duration::ZERO, why: *why })
            }
        }
    }

    /// Lets a call in. An open circuit whose time has come lets one through, which decides; a submission
    /// is never that one, for its fate would be a run's.
    pub(super) fn admit(&mut self, kind: CallKind, now: Instant) -> Result<Ticket, Refusal> {
        self.refusal(kind, now)?;
        match self {
            Self::Closed { phase, .. } => Ok(Ticket(*phase)),
            Self::Open { phase, trips, why, .. } => {
                let (phase, trips, why) = (*phase + 1, *trips, *why);
                *self = Self::HalfOpen { phase, trips, why, asked: true };
                Ok(Ticket(phase))
            }
            Self::HalfOpen { phase, asked, .. } => {
                *asked = true;
                Ok(Ticket(*phase))
            }
        }
    }

    /// Takes in what came of a call. `jitter` is a number from 0 to 1 that spreads the openings of many.
    pub(super) fn after(
        &mut self,
        ticket: Ticket,
        outcome: Outcome,
        now: Instant,
        config: &Config,
        jitter: f64,
    ) {
        let spare = match outcome {
            Outcome::Throttled { retry_after: Some(wait) } => {
                Some(now + wait.min(config.max_retry_after))
            }
            Outcome::Throttled { retry_after: None }
            | Outcome::Success
            | Outcome::Failure
            | Outcome::Neutral => None,
        };
        match self {
            // Nothing but time half-opens it. A late wish for patience is still honoured.
            Self::Open { until, .. } => *until = spare.map_or(*until, |spare| spare.max(*until)),
            Self::Closed { phase, .. } | Self::HalfOpen { phase, .. }
                if Ticket(*phase) != ticket => {}
            Self::HalfOpen { phase, trips, asked, .. } => match outcome {
                Outcome::Neutral => *asked = false,
                Outcome::Success => *self = Self::closed(*phase + 1, *trips, now, config),
                Outcome::Failure | Outcome::Throttled { .. } => {
                    let why = if outcome == Outcome::Failure {
                        Why::StillFailing
                    } else {
                        Why::StillThrottled
                    };
                    let (phase, trips) = (*phase + 1, trips.saturating_add(1));
                    let until = now + back_off(trips, config, jitter);
                    let until = spare.map_or(until, |spare| spare.max(until));
                    *self = Self::Open { phase, trips, until, why };
                }
            },
            Self::Closed { .. } => self.count(outcome, spare, now, config, jitter),
        }
    }

    /// Counts a call of a closed circuit, and opens it if that was one too many.
    fn count(
        &mut self,
        outcome: Outcome,
        spare: Option<Instant>,
        now: Instant,
        config: &Config,
        jitter: f64,
    ) {
        let Self::Closed { phase, since, trips, failures, window, spare_until } = self else {
            return;
        };
        match outcome {
            Outcome::Neutral => return,
            Outcome::Success => {
                window.add(now, true);
                (*failures, *spare_until) = (0, None);
            }
            Outcome::Failure | Outcome::Throttled { .. } => {
                window.add(now, false);
                *failures = failures.saturating_add(1);
                *spare_until = (*spare_until).max(spare);
            }
        }
        let Some(why) = reason_to_open(*failures, window, config) else { return };
        let forgiven = now.saturating_duration_since(*since) >= config.forgive_after;
        let trips = if forgiven { 1 } else { trips.saturating_add(1) };
        let until = now + back_off(trips, config, jitter);
        let until = spare_until.map_or(until, |spare| spare.max(until));
        *self = Self::Open { phase: *phase + 1, trips, until, why };
    }

    fn closed(phase: u64, trips: u32, now: Instant, config: &Config) -> Self {
        let window = Window::new(now, config.window);
        Self::Closed { phase, since: now, trips, failures: 0, window, spare_until: None }
    }

    pub(super) fn state(&self) -> CircuitState {
        match self {
            Self::Closed { .. } => CircuitState::Closed,
            Self::Open { .. } => CircuitState::Open,
            Self::HalfOpen { .. } => CircuitState::HalfOpen,
        }
    }

    /// Why it is not closed.
    pub(super) fn why(&self) -> Option<Why> {
        match self {
            Self::Closed { .. } => None,
            Self::Open { why, .. } | Self::HalfOpen { why, .. } => Some(*why),
        }
    }
}

fn reason_to_open(failures: u32, window: &Window, config: &Config) -> Option<Why> {
    if failures >= config.max_failures {
        return Some(Why::Failures(failures));
    }
    let samples = window.samples();
    let rate = window.successes() as f32 / samples.max(1) as f32;
    let percent = (rate * 100.0) as u8;
    (samples >= config.min_samples && rate < config.min_success_rate)
        .then_some(Why::Rate { percent, samples })
}

/// How long the circuit stays open the `trips`-th time: doubled each time up to the cap, and up to a
/// fifth shorter, so that services that fell together are not tried together.
fn back_off(trips: u32, config: &Config, jitter: f64) -> Duration {
    let doubled = 2_u32.saturating_pow(trips.saturating_sub(1).min(31));
    let full = config.open_for.saturating_mul(doubled).min(config.max_open);
    full.mul_f64(1.0 - 0.2 * jitter.clamp(0.0, 1.0))
}
