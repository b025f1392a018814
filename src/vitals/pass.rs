//! The right to make one call, and the promise to say what came of it.

use std::{fmt, sync::atomic::Ordering::Relaxed, time::Duration};

use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::{Outcome, Vitals, Why, circuit::Ticket};

/// What kind of call it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// Asks how the service is. Needs no slot.
    Probe,
    /// Has no effect, and can be made again.
    Read,
    /// Places a run.
    Submit,
}

/// Why a call was not let in. Nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The circuit is open.
    Open {
        /// When it lets a call through, seen from now; zero while that one call is under way.
        retry_in: Duration,
        /// Why it opened.
        why: Why,
    },
    /// The service has as many calls as it gets at a time.
    Full,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { retry_in, why } => {
                write!(f, "its circuit is open, since {why}; it is tried again in {retry_in:.1?}")
            }
            Self::Full => f.write_str("it has as many calls under way as it gets at a time"),
        }
    }
}

/// The right to make one call. Dropped without a word, it counts as if nothing had been asked.
#[derive(Debug)]
#[must_use = "a pass is held while its call lasts"]
pub struct Pass<'a> {
    vitals: &'a Vitals,
    kind: CallKind,
    ticket: Ticket,
    began: Instant,
    outcome: Outcome,
    /// Freed after the outcome was taken in.
    _slots: [Option<OwnedSemaphorePermit>; 2],
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        vitals: &'a Vitals,
        kind: CallKind,
        ticket: Ticket,
        began: Instant,
        slots: [Option<OwnedSemaphorePermit>; 2],
    ) -> Self {
        vitals.in_flight.fetch_add(1, Relaxed);
        Self { vitals, kind, ticket, began, outcome: Outcome::Neutral, _slots: slots }
    }

    /// Says what a call counts as that is given up before its end; without a word, as nothing.
    pub fn assume(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// Says what came of the call.
    pub fn done(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.vitals.in_flight.fetch_sub(1, Relaxed);
        self.vitals.account(self.kind, self.ticket, self.began, self.outcome);
    }
}
