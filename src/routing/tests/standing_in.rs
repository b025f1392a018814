//! Services that depend on others, and services that stand in for them.

use super::{
    choice::{cwl, many, trip},
    *,
};
use crate::{
    domain::StandIn,
    registry::{Mode as ServiceMode, Record, Source},
};

#[test]
fn another_takes_what_was_meant_for_a_service_that_is_down_if_it_promised_to() {
    let fleet = with_stand_in(&[]);
    let named = Needs { service: Some("main".parse().unwrap()), ..cwl() };
    assert_eq!(route(&named, &fleet).unwrap().candidates, ["main", "helper"]);

    fleet.publish(&"main".parse().unwrap(), down(), None, NOW);
    let route = route(&named, &fleet).unwrap();

    assert_eq!(route.candidates, ["helper"]);
    assert!(route.first.stands_in);
    assert_eq!(route.excluded["main"], "it does not answer: no connection");
    assert_eq!(route.excluded["other"], "the caller wants `main` and no other");
}

#[test]
fn a_promise_for_some_panels_holds_for_no_other_run() {
    let fleet = with_stand_in(&["h3africa"]);
    fleet.publish(&"main".parse().unwrap(), down(), Some(imputes()), NOW);
    fleet.publish(&"helper".parse().unwrap(), Reach::Usable, Some(both()), NOW);
    let service = Some("main".parse().unwrap());

    let imputation = Needs { service: service.clone(), ..needs() };
    assert_eq!(route(&imputation, &fleet).unwrap().candidates, ["helper"]);

    fleet.publish(&"main".parse().unwrap(), down(), Some(both()), NOW);
    let plain = route(&Needs { service, ..cwl() }, &fleet).unwrap_err();
    assert!(matches!(plain, NotRouted::Unavailable(_)), "{plain:?}");
}

#[test]
fn a_service_that_could_never_take_the_run_is_not_replaced() {
    let fleet = with_stand_in(&[]);
    fleet.publish(&"main".parse().unwrap(), Reach::Usable, Some(imputes()), NOW);
    let named = Needs { service: Some("main".parse().unwrap()), ..cwl() };

    let no_route = route(&named, &fleet).unwrap_err();

    assert!(matches!(no_route, NotRouted::Unfit(Misfit::WorkflowType, _)), "{no_route:?}");
}

#[test]
fn standing_in_widens_no_permit() {
    let fleet = with_stand_in(&[]);
    fleet.publish(&"main".parse().unwrap(), down(), None, NOW);
    let abroad = Service {
        stands_in_for: vec![StandIn { service: "main".parse().unwrap(), panels: Vec::new() }],
        ..service("helper", "US")
    };
    fleet.put(Record::new(abroad, Source::Operator, NOW));
    let origin = BTreeSet::from(["KE".parse().unwrap()]);
    let named = Needs { service: Some("main".parse().unwrap()), origin, ..cwl() };

    let no_route = route(&named, &fleet).unwrap_err();

    let NotRouted::Unavailable(excluded) = no_route else { panic!("{no_route:?}") };
    assert!(!excluded.contains_key("helper"), "{excluded:?}");
}

#[test]
fn a_forbidden_service_is_not_replaced_either() {
    let fleet = with_stand_in(&[]);
    fleet.put(Record::new(service("main", "US"), Source::Operator, NOW));
    let origin = BTreeSet::from(["KE".parse().unwrap()]);
    let named = Needs { service: Some("main".parse().unwrap()), origin, ..cwl() };

    let no_route = route(&named, &fleet).unwrap_err();

    assert!(matches!(no_route, NotRouted::UnknownService), "{no_route:?}");
}

#[test]
fn a_service_goes_down_with_what_it_depends_on() {
    type Break = fn(&Registry);
    let breaks: [Break; 4] = [
        |fleet| _ = fleet.publish(&"store".parse().unwrap(), down(), None, NOW),
        |fleet| trip(fleet, "store"),
        |fleet| {
            let mut record = Record::new(service("store", "KE"), Source::Operator, NOW);
            record.mode = ServiceMode::Maintenance;
            fleet.put(record);
        },
        |fleet| _ = fleet.remove(&"store".parse().unwrap()),
    ];
    for (number, take_down) in breaks.into_iter().enumerate() {
        let fleet = with_dependencies();
        take_down(&fleet);

        let route = route(&cwl(), &fleet).unwrap();

        let why = "it cannot work without `store`, which is down";
        assert_eq!(route.excluded["near"], why, "{number}");
        assert_eq!(route.excluded["far"], why, "{number}");
        assert!(route.candidates.contains(&"alone".to_owned()), "{number}");
    }
}

#[test]
fn dependencies_in_a_circle_end() {
    let fleet = many(&[("a", 100), ("b", 100)]);
    for (id, on) in [("a", "b"), ("b", "a")] {
        depend(&fleet, id, on);
    }

    assert_eq!(route(&cwl(), &fleet).unwrap().candidates.len(), 2);
}

/// `helper` stands in for `main`; `other` promises nothing.
fn with_stand_in(panels: &[&str]) -> Registry {
    let fleet = many(&[("main", 100), ("helper", 100), ("other", 100)]);
    let panels = panels.iter().map(|panel| (*panel).to_owned()).collect();
    let stands_in_for = vec![StandIn { service: "main".parse().unwrap(), panels }];
    let helper = Service { stands_in_for, ..service("helper", "KE") };
    fleet.put(Record::new(helper, Source::Operator, NOW));
    fleet
}

/// `far` depends on `near`, which depends on `store`.
fn with_dependencies() -> Registry {
    let fleet = many(&[("store", 100), ("near", 100), ("far", 100), ("alone", 100)]);
    depend(&fleet, "near", "store");
    depend(&fleet, "far", "near");
    fleet
}

fn depend(fleet: &Registry, id: &str, on: &str) {
    let depends_on = vec![on.parse().unwrap()];
    let service = Service { depends_on, ..service(id, "KE") };
    fleet.put(Record::new(service, Source::Operator, NOW));
}

fn both() -> Offer {
    let mut offer = imputes();
    offer.workflow_types.append(&mut runs_cwl().workflow_types);
    offer
}

fn down() -> Reach {
    Reach::Unreachable { why: "no connection".to_owned() }
}
