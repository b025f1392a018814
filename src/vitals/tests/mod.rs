mod properties;

use std::time::Duration;

use tokio::time::advance;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn config() -> Config {
    Config { max_failures: 3, ..Config::default() }
}

async fn call(vitals: &Vitals, outcome: Outcome) {
    vitals.admit(CallKind::Read).await.unwrap().done(outcome);
}

async fn trip(vitals: &Vitals) {
    for _ in 0..3 {
        call(vitals, Outcome::Failure).await;
    }
    assert_eq!(vitals.condition().circuit, CircuitState::Open);
}

async fn let_time_come(vitals: &Vitals) {
    advance(vitals.condition().retry_in.unwrap() + Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_keep_calls_away() {
    let vitals = Vitals::new(&config(), None);
    call(&vitals, Outcome::Failure).await;
    call(&vitals, Outcome::Failure).await;
    call(&vitals, Outcome::Success).await;
    assert_eq!(vitals.condition().circuit, CircuitState::Closed, "they were not in a row");

    trip(&vitals).await;

    let refused = vitals.admit(CallKind::Read).await.unwrap_err();
    assert!(matches!(refused, Refusal::Open { why: Why::Failures(3), .. }), "{refused}");
    assert_eq!(vitals.condition().trips, 1);
}

#[tokio::test(start_paused = true)]
async fn too_low_a_share_of_successes_opens_it_although_none_failed_twice_in_a_row() {
    let vitals = Vitals::new(&Config { min_success_rate: 0.6, ..config() }, None);

    for _ in 0..9 {
        call(&vitals, Outcome::Success).await;
        call(&vitals, Outcome::Failure).await;
    }
    assert_eq!(vitals.condition().circuit, CircuitState::Closed, "too few to tell");
    call(&vitals, Outcome::Success).await;
    call(&vitals, Outcome::Failure).await;

    assert_eq!(vitals.phase().why, Some(Why::Rate { percent: 50, samples: 20 }));
}

#[tokio::test(start_paused = true)]
async fn half_open_lets_one_call_through_and_never_a_submission() {
    let vitals = Vitals::new(&config(), None);
    trip(&vitals).await;
    let_time_come(&vitals).await;

    assert!(vitals.admit(CallKind::Submit).await.is_err());
    let one = vitals.admit(CallKind::Read).await.unwrap();
    assert_eq!(vitals.condition().circuit, CircuitState::HalfOpen);
    assert!(vitals.admit(CallKind::Read).await.is_err());
    assert!(vitals.admit(CallKind::Probe).await.is_err());
    assert!(vitals.admit(CallKind::Submit).await.is_err());

    one.done(Outcome::Success);
    assert_eq!(vitals.condition().circuit, CircuitState::Closed);
    assert!(vitals.admit(CallKind::Submit).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_one_call_that_is_given_up_leaves_its_place_to_another() {
    let vitals = Vitals::new(&config(), None);
    trip(&vitals).await;
    let_time_come(&vitals).await;

    drop(vitals.admit(CallKind::Read).await.unwrap());

    assert_eq!(vitals.condition().circuit, CircuitState::HalfOpen);
    vitals.admit(CallKind::Probe).await.unwrap().done(Outcome::Success);
    assert_eq!(vitals.condition().circuit, CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_an_older_call_decides_nothing() {
    let vitals = Vitals::new(&config(), None);
    let mut old = Vec::new();
    for _ in 0..6 {
        old.push(vitals.admit(CallKind::Read).await.unwrap());
    }
    trip(&vitals).await;

    old.pop().unwrap().done(Outcome::Success);
    assert_eq!(vitals.condition().circuit, CircuitState::Open);

    let_time_come(&vitals).await;
    let one = vitals.admit(CallKind::Probe).await.unwrap();
    old.pop().unwrap().done(Outcome::Success);
    assert_eq!(vitals.condition().circuit, CircuitState::HalfOpen);
    old.pop().unwrap().done(Outcome::Failure);
    assert_eq!(vitals.condition().circuit, CircuitState::HalfOpen);

    one.done(Outcome::Success);
    for late in old {
        late.done(Outcome::Failure);
    }
    assert_eq!(vitals.condition().circuit, CircuitState::Closed, "three failed before the trip");
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_429_opens_it_for_as_long_as_the_service_asked() {
    let vitals = Vitals::new(&config(), None);
    let wait = |seconds| Outcome::Throttled { retry_after: Some(seconds * SECOND) };

    for seconds in [90, 30, 1] {
        call(&vitals, wait(seconds)).await;
    }
    assert_eq!(vitals.condition().retry_in, Some(90 * SECOND));

    advance(91 * SECOND).await;
    vitals.admit(CallKind::Probe).await.unwrap().done(wait(3600 * 24));
    assert_eq!(vitals.condition().circuit, CircuitState::Open, "a 429 fails the probe");
    assert_eq!(vitals.phase().why, Some(Why::StillThrottled));
    assert_eq!(vitals.condition().retry_in, Some(600 * SECOND), "up to max_retry_after");
}

#[tokio::test(start_paused = true)]
async fn each_failed_try_doubles_the_time_up_to_the_cap() {
    let vitals = Vitals::new(&config(), None);
    trip(&vitals).await;

    for seconds in [5, 10, 20, 40, 60, 60, 60] {
        let waits = vitals.condition().retry_in.unwrap();
        assert!(waits <= seconds * SECOND && waits >= seconds * SECOND * 4 / 5, "{waits:?}");
        let_time_come(&vitals).await;
        vitals.admit(CallKind::Probe).await.unwrap().done(Outcome::Failure);
    }
    assert_eq!(vitals.phase().why, Some(Why::StillFailing));
}

#[tokio::test(start_paused = true)]
async fn a_flapping_service_is_kept_away_longer_each_time_until_it_holds() {
    let vitals = Vitals::new(&config(), None);

    for seconds in [5, 10, 20] {
        trip(&vitals).await;
        let waits = vitals.condition().retry_in.unwrap();
        assert!(waits >= seconds * SECOND * 4 / 5, "{waits:?} after {seconds}");
        let_time_come(&vitals).await;
        vitals.admit(CallKind::Probe).await.unwrap().done(Outcome::Success);
    }
    assert_eq!(vitals.condition().trips, 3);

    advance(600 * SECOND).await;
    trip(&vitals).await;
    assert!(vitals.condition().retry_in.unwrap() <= 5 * SECOND, "it held for long enough");
    assert_eq!(vitals.condition().trips, 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_service_is_seen_to_be_slow_and_not_to_fail() {
    let vitals = Vitals::new(&config(), None);
    assert_eq!(vitals.condition().latency, None);

    for _ in 0..50 {
        let pass = vitals.admit(CallKind::Read).await.unwrap();
        advance(4 * SECOND).await;
        pass.done(Outcome::Success);
    }
    let upload = vitals.admit(CallKind::Submit).await.unwrap();
    advance(3600 * SECOND).await;
    upload.done(Outcome::Success);

    assert_eq!(vitals.condition().latency, Some(4 * SECOND), "uploads do not count");
    assert_eq!(vitals.condition().circuit, CircuitState::Closed);
    assert_eq!(vitals.condition().success_rate, Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn a_full_house_makes_reads_wait_turns_submissions_away_and_still_lets_a_probe_in() {
    let vitals = Vitals::new(&config(), Some(4));
    let submits = [
        vitals.admit(CallKind::Submit).await.unwrap(),
        vitals.admit(CallKind::Submit).await.unwrap(),
        vitals.admit(CallKind::Submit).await.unwrap(),
    ];
    assert_eq!(
        vitals.admit(CallKind::Submit).await.unwrap_err(),
        Refusal::Full,
        "one is for reads"
    );
    let read = vitals.admit(CallKind::Read).await.unwrap();

    let began = Instant::now();
    assert_eq!(vitals.admit(CallKind::Read).await.unwrap_err(), Refusal::Full);
    assert_eq!(began.elapsed(), config().slot_wait);
    let probe = vitals.admit(CallKind::Probe).await.unwrap();
    assert_eq!((vitals.condition().in_flight, vitals.condition().max_in_flight), (5, 4));

    drop((submits, read, probe));
    assert_eq!(vitals.condition().in_flight, 0);
    assert!(vitals.admit(CallKind::Read).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn whoever_listens_hears_of_each_phase() {
    let vitals = Vitals::new(&config(), None);
    let mut phases = vitals.phases();
    assert_eq!(phases.borrow_and_update().circuit, CircuitState::Closed);

    trip(&vitals).await;

    phases.changed().await.unwrap();
    assert_eq!(phases.borrow_and_update().circuit, CircuitState::Open);
    assert!(!phases.has_changed().unwrap());
}

#[test]
fn settings_that_make_no_sense_are_told() {
    assert!(Config::default().problems().is_empty());
    let wrong = Config { max_failures: 0, min_success_rate: 1.5, ..Config::default() };
    assert_eq!(wrong.problems().len(), 2);
}
