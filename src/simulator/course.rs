//! The course of a run: where it stands is a pure function of the run and the time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::behavior::{Behavior, Outcome};

/// What a run goes through, fixed when it is submitted.
#[derive(Debug, Clone)]
pub(super) struct Course {
    /// When it was submitted.
    pub(super) submitted_at: Timestamp,
    /// When preparing begins.
    pub(super) prepares_at: Timestamp,
    /// When running begins.
    pub(super) starts_at: Timestamp,
    /// When it ends, if nobody cancels it.
    pub(super) ends_at: Timestamp,
    /// When somebody canceled it.
    pub(super) canceled_at: Option<Timestamp>,
    outcome: Outcome,
    cancel: SignedDuration,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waiting.
    Queued,
    /// Being prepared.
    Preparing,
    /// Running.
    Running,
    /// Canceled, but not stopped yet.
    Canceling,
    /// Stopped by a cancel.
    Canceled,
    /// Ended by itself.
    Ended(Outcome),
}

impl Phase {
    /// Whether nothing more happens.
    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Canceled | Self::Ended(_))
    }
}

impl Course {
    /// The course of a run that is submitted now.
    pub(super) fn begin(behavior: &Behavior, now: Timestamp) -> Self {
        let prepares_at = after(now, behavior.queue_ms);
        let starts_at = after(prepares_at, behavior.prepare_ms);
        let ends_at = after(starts_at, behavior.run_ms);
        let cancel = SignedDuration::from_millis(i64::try_from(behavior.cancel_ms).unwrap_or(0));
        let outcome = behavior.outcome;
        Self {
            submitted_at: now,
            prepares_at,
            starts_at,
            ends_at,
            canceled_at: None,
            outcome,
            cancel,
        }
    }

    /// The course of a run that is over as soon as it begins.
    pub(super) fn stillborn(outcome: Outcome, now: Timestamp) -> Self {
        let behavior =
            Behavior { queue_ms: 0, prepare_ms: 0, run_ms: 0, outcome, ..Behavior::default() };
        Self::begin(&behavior, now)
    }

    /// The course of a run that runs for ever.
    pub(super) fn endless(now: Timestamp) -> Self {
        let behavior =
            Behavior { queue_ms: 0, prepare_ms: 0, run_ms: u64::MAX, ..Behavior::default() };
        Self::begin(&behavior, now)
    }

    /// Where the run stands.
    pub(super) fn phase(&self, now: Timestamp) -> Phase {
        if let Some(canceled_at) = self.canceled_at {
            let stopped = now >= self.stops_at(canceled_at);
            return if stopped { Phase::Canceled } else { Phase::Canceling };
        }
        if now < self.prepares_at {
            Phase::Queued
        } else if now < self.starts_at {
            Phase::Preparing
        } else if now < self.ends_at {
            Phase::Running
        } else {
            Phase::Ended(self.outcome)
        }
    }

    /// Cancels the run, unless it is over. Says whether the run is being canceled.
    pub(super) fn cancel(&mut self, now: Timestamp) -> bool {
        match self.phase(now) {
            Phase::Queued | Phase::Preparing | Phase::Running => {
                self.canceled_at = Some(now);
                true
            }
            Phase::Canceling => true,
            Phase::Canceled | Phase::Ended(_) => false,
        }
    }

    /// When running began, if it has.
    pub(super) fn started_at(&self, now: Timestamp) -> Option<Timestamp> {
        let until = self.canceled_at.unwrap_or(now);
        (self.starts_at <= until).then_some(self.starts_at)
    }

    /// When it was over, if it is.
    pub(super) fn ended_at(&self, now: Timestamp) -> Option<Timestamp> {
        let end = self.canceled_at.map_or(self.ends_at, |canceled_at| self.stops_at(canceled_at));
        self.phase(now).is_over().then_some(end)
    }

    fn stops_at(&self, canceled_at: Timestamp) -> Timestamp {
        canceled_at.saturating_add(self.cancel).unwrap_or(Timestamp::MAX)
    }
}

fn after(time: Timestamp, milliseconds: u64) -> Timestamp {
    time.saturating_add(Duration::from_millis(milliseconds)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_through_its_phases() {
        let begin = Timestamp::UNIX_EPOCH;
        let course = Course::begin(&Behavior::default(), begin);

        for (milliseconds, expected) in [
            (0, Phase::Queued),
            (500, Phase::Preparing),
            (1000, Phase::Running),
            (2999, Phase::Running),
            (3000, Phase::Ended(Outcome::Complete)),
        ] {
            assert_eq!(course.phase(after(begin, milliseconds)), expected, "{milliseconds}");
        }
    }

    #[test]
    fn a_cancel_takes_its_time_and_an_end_is_final() {
        let begin = Timestamp::UNIX_EPOCH;
        let mut course = Course::begin(&Behavior::default(), begin);
        let mut ended = course.clone();

        assert!(course.cancel(after(begin, 100)));
        assert!(!ended.cancel(after(begin, 3000)));

        assert_eq!(course.phase(after(begin, 599)), Phase::Canceling);
        assert_eq!(course.phase(after(begin, 600)), Phase::Canceled);
        assert_eq!(course.started_at(after(begin, 9000)), None);
        assert_eq!(ended.phase(after(begin, 9000)), Phase::Ended(Outcome::Complete));
        assert_eq!(
            Course::endless(begin).phase(Timestamp::MAX - Duration::from_secs(1)),
            Phase::Running
        );
    }
}
