//! Among those that can take a run: who gets it, and who is asked next.

use std::time::Duration;

use futures_util::FutureExt;

use super::*;
use crate::{
    registry::{Mode as ServiceMode, Record, Source},
    vitals::{CallKind, Outcome, Pass},
};

#[test]
fn runs_are_spread_by_weight() {
    const RUNS: u64 = 3_000;
    let fleet = many(&[("one", 100), ("two", 200)]);

    let firsts = (0..RUNS).map(|seed| route_by(&cwl(), &fleet, seed).unwrap().candidates.remove(0));
    let share = firsts.filter(|id| id == "one").count() as f64 / RUNS as f64;

    // A third, give or take four standard deviations.
    let deviation = (1.0 / 3.0 * 2.0 / 3.0 / RUNS as f64).sqrt();
    assert!((share - 1.0 / 3.0).abs() < 4.0 * deviation, "one got {share}");
}

#[test]
fn the_same_dice_choose_the_same() {
    let services: Vec<_> = (0..30).map(|number| (format!("s{number}"), 100)).collect();
    let services: Vec<_> = services.iter().map(|(id, weight)| (id.as_str(), *weight)).collect();
    let fleet = many(&services);

    let orders: Vec<_> =
        (0..20).map(|seed| route_by(&cwl(), &fleet, seed).unwrap().candidates).collect();
    let again: Vec<_> =
        (0..20).map(|seed| route_by(&cwl(), &fleet, seed).unwrap().candidates).collect();

    assert_eq!(orders, again);
    assert!(orders.iter().any(|order| order != &orders[0]), "chance plays no part");
}

#[test]
fn weight_0_means_only_if_nobody_else_can() {
    let fleet = many(&[("main", 1), ("spare", 0)]);
    for seed in 0..50 {
        assert_eq!(route_by(&cwl(), &fleet, seed).unwrap().candidates, ["main", "spare"]);
    }

    trip(&fleet, "main");
    let route = route(&cwl(), &fleet).unwrap();

    assert_eq!((route.candidates, route.first.tier), (vec!["spare".to_owned()], Tier::Reserve));
}

#[test]
fn a_service_that_the_caller_named_needs_no_weight() {
    let fleet = many(&[("main", 1), ("spare", 0)]);
    let needs = Needs { service: Some("spare".parse().unwrap()), ..cwl() };

    let route = route(&needs, &fleet).unwrap();

    assert_eq!((route.candidates, route.first.tier), (vec!["spare".to_owned()], Tier::Ready));
}

#[test]
fn a_burdened_service_gets_what_falls_to_it_only_beside_its_like() {
    let fleet = many(&[("busy", 100), ("idle", 100)]);
    let snapshot = fleet.snapshot();
    let _calls = hold(&snapshot, "busy", 30);

    for seed in 0..50 {
        let route = route_by(&cwl(), &fleet, seed).unwrap();
        assert_eq!(route.candidates, ["idle", "busy"], "seed {seed}");
    }
}

#[test]
fn a_full_service_comes_last_and_is_not_left_out() {
    let fleet = many(&[("full", 1000), ("spare", 0)]);
    let record = Service { max_in_flight: Some(1), ..service("full", "KE") };
    fleet.put(Record::new(record, Source::Operator, NOW));
    fleet.publish(&"full".parse().unwrap(), Reach::Usable, Some(runs_cwl()), NOW);
    let snapshot = fleet.snapshot();
    let _call = hold(&snapshot, "full", 1);

    assert_eq!(route(&cwl(), &fleet).unwrap().candidates, ["spare", "full"]);
}

#[test]
fn what_an_operator_or_the_service_itself_holds_back_gets_nothing() {
    let down = Reach::Unreachable { why: "no connection".to_owned() };
    let locked = Reach::Unusable { why: "401".to_owned() };
    let closed = Offer { closed: Some("upgrade until noon".to_owned()), ..runs_cwl() };
    for (mode, reach, offer, expected) in [
        (ServiceMode::Draining, Reach::Usable, runs_cwl(), "its operator lets it run empty: disks"),
        (
            ServiceMode::Maintenance,
            Reach::Usable,
            runs_cwl(),
            "its operator has it under maintenance: disks",
        ),
        (ServiceMode::Active, down, runs_cwl(), "it does not answer: no connection"),
        (ServiceMode::Active, locked, runs_cwl(), "it answers, but cannot be used: 401"),
        (ServiceMode::Active, Reach::Usable, closed, "it takes no runs: upgrade until noon"),
    ] {
        let fleet = many(&[("held", 100), ("other", 100)]);
        let mut record = Record::new(service("held", "KE"), Source::Operator, NOW);
        (record.mode, record.mode_note) = (mode, "disks".to_owned());
        fleet.put(record);
        fleet.publish(&"held".parse().unwrap(), reach, Some(offer), NOW);

        let route = route(&cwl(), &fleet).unwrap();

        assert_eq!(route.candidates, ["other"], "{expected}");
        assert_eq!(route.excluded["held"], expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_excludes_and_says_for_how_long() {
    let fleet = many(&[("failing", 100)]);
    trip(&fleet, "failing");

    let NotRouted::Unavailable(excluded) = route(&cwl(), &fleet).unwrap_err() else {
        panic!("it fits");
    };
    let open = &excluded["failing"];
    assert!(open.starts_with("it failed too often, and is left alone for another"), "{open}");

    tokio::time::advance(Duration::from_secs(3600)).await;
    let snapshot = fleet.snapshot();
    let vitals = snapshot.get(&"failing".parse().unwrap()).unwrap().vitals();
    let probe = vitals.admit(CallKind::Probe).await.unwrap();
    let NotRouted::Unavailable(excluded) = route(&cwl(), &fleet).unwrap_err() else {
        panic!("it fits");
    };
    assert_eq!(excluded["failing"], "it failed too often, and is being tried whether it is back");

    probe.done(Outcome::Success);
    assert_eq!(route(&cwl(), &fleet).unwrap().candidates, ["failing"]);
}

#[test]
fn however_many_can_a_bounded_number_is_told() {
    let ids: Vec<_> = (0..300).map(|number| format!("s{number}")).collect();
    let services: Vec<_> = ids.iter().map(|id| (id.as_str(), 100)).collect();
    let fleet = many(&services).snapshot();
    let needs = cwl();
    let permit = permit(&needs, &fleet).unwrap();

    let route = choose(&permit, &needs, &fleet, &mut Rng::with_seed(1)).unwrap();

    assert_eq!((route.candidates.len(), route.further), (MAX_CANDIDATES, 300 - MAX_CANDIDATES));
}

#[test]
fn what_changed_since_the_choice_is_seen_before_a_service_is_asked() {
    let fleet = many(&[("kenya", 100)]);
    let needs = Needs { origin: BTreeSet::from(["KE".parse().unwrap()]), ..cwl() };
    let before = fleet.snapshot();
    let made = permit(&needs, &before).unwrap();
    let route = choose(&made, &needs, &before, &mut Rng::with_seed(1)).unwrap();
    let look = || {
        let now = fleet.snapshot();
        recheck(&mut made.clone(), permit(&needs, &now), &needs, &now, &route.candidates[0])
    };
    assert!(look().is_ok());

    let mut record = Record::new(service("kenya", "KE"), Source::Operator, NOW);
    record.mode = ServiceMode::Draining;
    fleet.put(record);
    let why = "its operator lets it run empty".to_owned();
    assert_eq!(look(), Err(PassedOver::Excluded(why)));

    fleet.put(Record::new(service("kenya", "US"), Source::Operator, NOW));
    assert_eq!(look(), Err(PassedOver::Forbidden));

    fleet.remove(&"kenya".parse().unwrap());
    assert_eq!(look(), Err(PassedOver::Gone));
}

/// Usable services that run CWL, with their weights.
pub(super) fn many(services: &[(&str, u32)]) -> Registry {
    let fleet = Registry::of(
        services.iter().map(|(id, weight)| Service { weight: *weight, ..service(id, "KE") }),
    );
    for (id, _) in services {
        fleet.publish(&id.parse().unwrap(), Reach::Usable, Some(runs_cwl()), NOW);
    }
    fleet
}

pub(super) fn cwl() -> Needs {
    Needs {
        workflow_type: "cwl".to_owned(),
        workflow_type_version: "1.2".to_owned(),
        imputation: None,
        ..needs()
    }
}

/// Calls that fail until the circuit opens.
pub(super) fn trip(fleet: &Registry, id: &str) {
    let snapshot = fleet.snapshot();
    let vitals = snapshot.get(&id.parse().unwrap()).unwrap().vitals();
    while let Ok(pass) = vitals.admit(CallKind::Submit).now_or_never().unwrap() {
        pass.done(Outcome::Failure);
    }
}

/// Calls that are under way as long as they are held.
fn hold<'a>(fleet: &'a Snapshot, id: &str, count: usize) -> Vec<Pass<'a>> {
    let vitals = fleet.get(&id.parse().unwrap()).unwrap().vitals();
    (0..count).map(|_| vitals.admit(CallKind::Submit).now_or_never().unwrap().unwrap()).collect()
}
