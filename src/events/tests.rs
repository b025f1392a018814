//! What listeners are told, in which order, and what they are not told.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::*;
use crate::{
    domain::{Caller, CallerId, ManualClock, Role, RunId, ServiceId},
    ga4gh::wes::State,
};

fn events(capacity: usize) -> Events {
    let clock = ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap());
    let config =
        Config { capacity, max_listeners: 3, max_listeners_per_caller: 2, ..Config::default() };
    Events::new(config, Arc::new(clock))
}

fn caller(name: &str, roles: &[Role]) -> Caller {
    let roles: BTreeSet<_> = roles.iter().copied().collect();
    Caller { roles, ..Caller::new(CallerId::new("issuer", name)) }
}

fn ears(name: &str) -> Ears {
    Ears::new(&caller(name, &[Role::Researcher]), Wanted::default())
}

fn wants(wanted: Wanted) -> Ears {
    Ears::new(&caller("amina", &[Role::Operator]), wanted)
}

fn service(id: &str) -> Event {
    let service: ServiceId = id.parse().unwrap();
    Event::ServiceState { service, state: "up", why: None }
}

fn run_of(name: &str) -> Event {
    Event::RunState {
        run_id: RunId::generate(),
        caller: CallerId::new("issuer", name),
        service: None,
        state: State::Queued,
    }
}

fn alert() -> Event {
    let text = || "a".to_owned();
    Event::Alert { alert: text(), rule: text(), subject: text(), resolved: false, message: text() }
}

/// All that a listener is told now: names of services for events, and what it is to read anew.
fn told(subscription: &mut Subscription) -> Vec<String> {
    std::iter::from_fn(|| subscription.try_next())
        .map(|next| match next {
            Next::Event(event) => {
                let json: Value = serde_json::from_slice(&event.json()).unwrap();
                assert_eq!(json["type"], event.name);
                assert_eq!(json["id"], event.id.to_string());
                json["data"]["service"].as_str().unwrap_or(event.name).to_owned()
            }
            Next::Resync(text) => {
                let json: Value = serde_json::from_slice(&text.json()).unwrap();
                format!("resync: {}", json["data"]["why"].as_str().unwrap())
            }
            Next::Closed => panic!("nobody closed"),
        })
        .collect()
}

#[test]
fn a_listener_is_told_everything_in_order_from_when_it_came() {
    let events = events(8);
    events.publish(service("before"));

    let mut listener = events.subscribe(ears("amina"), After::Now).unwrap();
    events.publish(service("one"));
    events.publish(service("two"));

    assert_eq!(told(&mut listener), ["one", "two"]);
    assert_eq!(told(&mut listener), [""; 0]);
}

#[test]
fn a_listener_that_comes_back_is_told_what_it_missed() {
    let events = events(8);
    let listener = events.subscribe(ears("amina"), After::Now).unwrap();
    let position = listener.position();
    drop(listener);
    events.publish(service("one"));
    events.publish(service("two"));

    let mut again = events.subscribe(ears("amina"), After::Id(position)).unwrap();
    let first = again.try_next();

    assert!(matches!(first, Some(Next::Event(event)) if event.name == "service.state"));
    let mut later = events.subscribe(ears("amina"), After::Id(again.position())).unwrap();
    assert_eq!(told(&mut later), ["two"]);
}

#[test]
fn an_id_that_means_nothing_any_more_means_resync() {
    let events = events(2);
    let old = events.subscribe(ears("amina"), After::Now).unwrap().position();
    for _ in 0..3 {
        events.publish(service("x"));
    }
    let future = EventId { sequence: 99, ..old };
    let last = EventId { sequence: u64::MAX, ..old };
    let of_another_process = EventId { epoch: old.epoch + 1, sequence: 3 };

    let known = [old, future, last, of_another_process].map(After::Id);
    for after in known.into_iter().chain([After::Unknown]) {
        let mut listener = events.subscribe(ears("amina"), after).unwrap();
        events.publish(service("next"));

        assert_eq!(told(&mut listener), ["resync: unknown_id"], "{after:?}");
        events.publish(service("later"));
        assert_eq!(told(&mut listener), ["later"], "{after:?}");
    }
}

#[test]
fn a_listener_that_falls_behind_is_told_so_once_and_goes_on() {
    let events = events(4);
    let mut slow = events.subscribe(ears("amina"), After::Now).unwrap();
    let mut quick = events.subscribe(ears("amina"), After::Now).unwrap();
    for _ in 0..1000 {
        events.publish(service("x"));
        assert_eq!(told(&mut quick), ["x"]);
    }

    assert_eq!(told(&mut slow), ["resync: behind"]);

    assert_eq!(slow.position(), quick.position());
    events.publish(service("y"));
    assert_eq!(told(&mut slow), ["y"]);
    assert_eq!(events.ring().len(), 4);
}

#[test]
fn everyone_is_told_what_is_theirs_and_nothing_else() {
    let events = events(8);
    let operator = Ears::new(&caller("olu", &[Role::Operator]), Wanted::default());
    let mut amina = events.subscribe(ears("amina"), After::Now).unwrap();
    let mut kofi = events.subscribe(ears("kofi"), After::Now).unwrap();
    let mut olu = events.subscribe(operator, After::Now).unwrap();

    events.publish(run_of("amina"));
    events.publish(service("ilifu"));
    events.publish(alert());

    assert_eq!(told(&mut amina), ["run.state", "ilifu"]);
    assert_eq!(told(&mut kofi), ["ilifu"]);
    assert_eq!(told(&mut olu), ["ilifu", "alert"]);
    assert_eq!(kofi.position(), olu.position());
}

#[test]
fn a_listener_is_told_what_it_asked_for() {
    let run_id = RunId::generate();
    let run = |run_id, service: &str| Event::RunState {
        run_id,
        caller: CallerId::new("issuer", "amina"),
        service: Some(service.parse().unwrap()),
        state: State::Running,
    };
    let all = || Wanted::default();
    let cases: [(Wanted, &[&str]); 4] = [
        (Wanted { types: vec!["alert", "service.state"], ..all() }, &["a", "b", "alert"]),
        (Wanted { services: vec!["b".parse().unwrap()], ..all() }, &["b", "b"]),
        (Wanted { run_ids: vec![run_id], ..all() }, &["c"]),
        (
            Wanted { types: vec!["run.state"], services: vec!["b".parse().unwrap()], ..all() },
            &["b"],
        ),
    ];
    for (wanted, expected) in cases {
        let events = events(8);
        let mut listener = events.subscribe(wants(wanted.clone()), After::Now).unwrap();

        for event in
            [service("a"), service("b"), run(run_id, "c"), run(RunId::generate(), "b"), alert()]
        {
            events.publish(event);
        }

        assert_eq!(told(&mut listener), expected, "{wanted:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_listener_sleeps_until_there_is_something_for_it() {
    let events = events(64);
    let mut amina = events.subscribe(ears("amina"), After::Now).unwrap();
    let wait = Duration::from_secs(3600);

    events.publish(run_of("kofi"));
    assert!(tokio::time::timeout(wait, amina.next()).await.is_err());
    let (next, ()) = tokio::join!(amina.next(), async {
        tokio::time::sleep(wait).await;
        events.publish(run_of("kofi"));
        events.publish(run_of("amina"));
    });

    assert!(matches!(next, Next::Event(event) if event.name == "run.state"));
}

#[tokio::test(start_paused = true)]
async fn events_of_others_are_not_taken_for_missed_ones() {
    let events = events(16);
    let mut amina = events.subscribe(ears("amina"), After::Now).unwrap();

    let publishing = async {
        for _ in 0..1000 {
            events.publish(run_of("kofi"));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        events.publish(service("ilifu"));
    };
    let (next, ()) = tokio::join!(amina.next(), publishing);

    assert!(matches!(next, Next::Event(event) if event.id.sequence == 1001));
}

#[tokio::test(start_paused = true)]
async fn the_end_ends_every_listener() {
    let events = events(4);
    let mut before = events.subscribe(ears("amina"), After::Now).unwrap();

    let (next, ()) = tokio::join!(before.next(), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        events.close();
    });
    let mut after = events.subscribe(ears("amina"), After::Now).unwrap();

    assert!(matches!(next, Next::Closed));
    assert!(matches!(after.next().await, Next::Closed));
}

#[test]
fn places_are_counted_and_given_back() {
    let events = events(4);
    let subscribe = |name| events.subscribe(ears(name), After::Now);
    let first = subscribe("amina").unwrap();
    let _second = subscribe("amina").unwrap();

    assert_eq!(subscribe("amina").unwrap_err(), Error::TooManyOwn);
    let _third = subscribe("kofi").unwrap();
    assert_eq!(subscribe("olu").unwrap_err(), Error::TooMany);
    drop(first);

    assert!(subscribe("olu").is_ok());
    assert!(subscribe("amina").is_ok());
    assert_eq!(events.listeners(), 2);
}

#[test]
fn an_event_is_one_frame_of_bounded_size() {
    let events = events(4);
    let mut listener = events.subscribe(ears("amina"), After::Now).unwrap();
    let why = Some(format!("a\r\nid: 7\n\n{}", "é".repeat(100_000)));
    let service = "ilifu".parse().unwrap();

    events.publish(Event::ServiceState { service, state: "unreachable", why });

    let Some(Next::Event(event)) = listener.try_next() else { panic!("nothing came") };
    let frame = String::from_utf8(event.frame().to_vec()).unwrap();
    let lines: Vec<_> = frame.lines().collect();
    assert_eq!(lines.len(), 4, "{frame}");
    assert_eq!(lines[0], format!("id: {}", event.id));
    assert_eq!(lines[1], "event: service.state");
    assert_eq!(lines[2].strip_prefix("data: ").unwrap().as_bytes(), event.json());
    assert!(frame.len() < 1500, "{}", frame.len());
    let json: Value = serde_json::from_slice(&event.json()).unwrap();
    assert_eq!(json["at"], "2027-01-15T08:00:00.000000Z");
}

#[test]
fn every_kind_has_its_name() {
    for event in [service("a"), run_of("amina"), alert()] {
        assert_eq!(Wanted::kind(event.name()), Some(event.name()));
    }
    assert_eq!(Wanted::kind(RESYNC), None);
}
