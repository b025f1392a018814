//! What a sighting of a run means for its state. Pure.

use std::time::Duration;

use jiff::Timestamp;

use crate::{backend::Observed, ga4gh::wes::State};

/// How long a failure is not believed after a wish to cancel: Cloudgene briefly shows a canceled run as
/// failed while it cleans up.
const CANCEL_SETTLES_WITHIN: Duration = Duration::from_secs(120);

/// The state of a run after its service was heard. The ledger itself keeps the first terminal one.
pub(super) fn next_state(
    state: State,
    cancel_asked_at: Option<Timestamp>,
    observed: &Observed,
    now: Timestamp,
) -> State {
    let canceling = cancel_asked_at.is_some();
    match observed.state {
        // Its results are deleted, so it has ended, and nobody can tell any more how.
        State::Unknown if observed.expired && !state.is_terminal() => State::SystemError,
        // The service cannot tell; what is known stays.
        State::Unknown => state,
        State::ExecutorError | State::SystemError if is_settling(cancel_asked_at, now) => {
            State::Canceling
        }
        State::Complete
        | State::ExecutorError
        | State::SystemError
        | State::Canceled
        | State::Preempted => observed.state,
        State::Queued | State::Initializing | State::Running | State::Paused | State::Canceling
            if canceling =>
        {
            State::Canceling
        }
        State::Queued | State::Initializing | State::Running | State::Paused | State::Canceling => {
            observed.state
        }
    }
}

fn is_settling(cancel_asked_at: Option<Timestamp>, now: Timestamp) -> bool {
    cancel_asked_at
        .is_some_and(|asked| now.duration_since(asked).unsigned_abs() < CANCEL_SETTLES_WITHIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_expired_unseen_does_not_run_for_ever() {
        let expired = Observed { expired: true, ..Observed::new(State::Unknown, "retired") };
        let now = Timestamp::from_second(0).unwrap();

        assert_eq!(next_state(State::Running, None, &expired, now), State::SystemError);
        assert_eq!(next_state(State::Complete, None, &expired, now), State::Complete);
    }

    #[test]
    fn a_sighting_moves_a_run_as_it_should() {
        use State::{
            Canceled, Canceling, Complete, ExecutorError, Initializing, Queued, Running, Unknown,
        };
        let asked = Some(0);
        for (state, cancel, seen, after_s, expected) in [
            (Queued, None, Running, 0, Running),
            (Running, None, Unknown, 0, Running),
            (Canceling, asked, Running, 0, Canceling),
            (Canceling, asked, ExecutorError, 5, Canceling),
            (Canceling, asked, ExecutorError, 121, ExecutorError),
            (Canceling, asked, Canceled, 5, Canceled),
            (Canceling, asked, Complete, 5, Complete),
            (Initializing, None, ExecutorError, 0, ExecutorError),
        ] {
            let cancel = cancel.map(|s| Timestamp::from_second(s).unwrap());
            let now = Timestamp::from_second(after_s).unwrap();

            let next = next_state(state, cancel, &Observed::new(seen, ""), now);

            assert_eq!(next, expected, "{state:?} {seen:?} after {after_s}s");
        }
    }
}
