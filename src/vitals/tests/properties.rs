//! What no sequence of calls, answers and waits may do to a circuit.

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::super::{
    CallKind, Circuit, CircuitState, Config, Outcome,
    circuit::{Circuit as State, Ticket},
};

#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Call(CallKind),
    /// The answer to one of the calls under way, which one being chosen by the number.
    Answer(usize, Outcome, f64),
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => Just(Outcome::Success),
        4 => Just(Outcome::Failure),
        1 => Just(Outcome::Neutral),
        2 => proptest::option::of(0_u64..4000).prop_map(|seconds| Outcome::Throttled {
            retry_after: seconds.map(Duration::from_secs)
        }),
    ]
}

fn kind() -> impl Strategy<Value = CallKind> {
    prop_oneof![Just(CallKind::Probe), Just(CallKind::Read), Just(CallKind::Submit)]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0_u64..400_000).prop_map(Step::Wait),
        3 => kind().prop_map(Step::Call),
        3 => (any::<usize>(), outcome(), 0.0..=1.0_f64)
            .prop_map(|(which, outcome, jitter)| Step::Answer(which, outcome, jitter)),
    ]
}

struct Call {
    ticket: Ticket,
    /// It was let through to decide.
    decides: bool,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_invariants_of_a_circuit_hold(steps in proptest::collection::vec(step(), 1..200)) {
        let config = Config { max_failures: 3, min_samples: 5, ..Config::default() };
        let mut now = Instant::now();
        let mut circuit = Circuit::new(now, &config);
        let mut calls: Vec<Call> = Vec::new();
        for step in steps {
            let before = circuit.clone();
            match step {
                Step::Wait(millis) => now += Duration::from_millis(millis),
                Step::Call(kind) => {
                    let admitted = circuit.admit(kind, now);
                    let decides = circuit.state() == CircuitState::HalfOpen && admitted.is_ok();
                    prop_assert!(!(decides && kind == CallKind::Submit), "a submission decides");
                    if let State::Open { until, .. } = before {
                        prop_assert_eq!(admitted.is_ok(), now >= until && kind != CallKind::Submit);
                    }
                    if let State::Closed { .. } = before {
                        prop_assert!(admitted.is_ok());
                    }
                    if let Ok(ticket) = admitted {
                        calls.push(Call { ticket, decides });
                    }
                }
                Step::Answer(which, outcome, jitter) if !calls.is_empty() => {
                    let call = calls.swap_remove(which % calls.len());
                    circuit.after(call.ticket, outcome, now, &config, jitter);
                    judge(&before, &circuit, &call, outcome, now, &config)?;
                }
                Step::Answer(..) => {}
            }
            let deciding = calls.iter().filter(|call| call.decides && current(&circuit, call)).count();
            prop_assert!(deciding <= 1, "{deciding} calls decide");
        }
    }
}

fn current(circuit: &Circuit, call: &Call) -> bool {
    let mut copy = circuit.clone();
    // A neutral answer to the call that decides, and to no other, makes room for another one.
    let config = Config::default();
    copy.after(call.ticket, Outcome::Neutral, Instant::now(), &config, 0.0);
    copy != *circuit
}

fn judge(
    before: &Circuit,
    after: &Circuit,
    call: &Call,
    outcome: Outcome,
    now: Instant,
    config: &Config,
) -> Result<(), TestCaseError> {
    use CircuitState as S;
    match (before.state(), after.state()) {
        (S::Open, next) => prop_assert_eq!(next, S::Open, "an answer moved an open circuit"),
        (S::HalfOpen, S::Closed) => prop_assert!(call.decides && outcome == Outcome::Success),
        (S::HalfOpen, S::Open) => {
            let failed = matches!(outcome, Outcome::Failure | Outcome::Throttled { .. });
            prop_assert!(call.decides && failed);
        }
        (S::Closed, next) => prop_assert!(next != S::HalfOpen, "only time half-opens"),
        (S::HalfOpen, S::HalfOpen) => {}
    }
    if outcome == Outcome::Neutral && before.state() != S::HalfOpen {
        prop_assert_eq!(before, after, "nothing was learned");
    }
    if let State::Open { until, .. } = after {
        let longest = config.max_open.max(config.max_retry_after);
        prop_assert!(*until <= now + longest, "open for too long");
        if before.state() != S::Open {
            prop_assert!(*until >= now + config.open_for * 4 / 5, "open for too short");
            if let Outcome::Throttled { retry_after: Some(wait) } = outcome {
                prop_assert!(*until >= now + wait.min(config.max_retry_after), "no patience");
            }
        }
    }
    Ok(())
}
