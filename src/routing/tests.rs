//! Who can take a run, and what a caller is told when nobody can.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::*;
use crate::{
    domain::{Build, Caller, CallerId, Imputation, Mode, Offer, Phasing, Population, Service},
    policy,
    registry::Registry,
};

#[test]
fn a_request_that_fits_nowhere_is_told_how_close_it_came() {
    let fleet = fleet(Reach::Usable);
    type Change = fn(&mut Needs);
    let changes: [(Change, &str); 6] = [
        (|needs| needs.workflow_type = "WDL".to_owned(), "workflow_type `WDL` is not offered"),
        (
            |needs| needs.workflow_type_version = "2".to_owned(),
            "workflow_type_version `2` of IMPUTATION is not offered; there is 1",
        ),
        (
            |needs| needs.imputation.as_mut().unwrap().panel = "hrc".to_owned(),
            "the reference panel `hrc` is not offered",
        ),
        (
            |needs| needs.imputation.as_mut().unwrap().population = Some("eur".to_owned()),
            "panel `h3africa` knows no population `eur`; it knows afr",
        ),
        (
            |needs| needs.imputation.as_mut().unwrap().population = None,
            "panel `h3africa` needs a population; it knows afr",
        ),
        (
            |needs| needs.imputation.as_mut().unwrap().build = Build::Hg19,
            "panel `h3africa` takes no input in build hg19 here; it takes hg38",
        ),
    ];

    for (change, expected) in changes {
        let mut needs = needs();
        change(&mut needs);

        let no_route = route(&needs, &fleet).unwrap_err();

        assert!(matches!(no_route, NoRoute::Unfit(_)), "{no_route:?}");
        assert_eq!(no_route.to_string(), expected);
    }
}

#[test]
fn a_panel_is_found_by_its_id_in_any_case_and_by_the_vendors_key() {
    for name in ["h3africa", "H3Africa", "apps@h3africa@1.0.0"] {
        let mut needs = needs();
        needs.imputation.as_mut().unwrap().panel = name.to_owned();

        let route = route(&needs, &fleet(Reach::Usable)).unwrap();

        assert_eq!(route.candidates[0].panel.as_ref().unwrap().id, "h3africa", "{name}");
    }
}

#[test]
fn a_service_that_does_not_answer_is_no_mistake_of_the_caller() {
    let fleet = fleet(Reach::Unreachable { why: "no connection".to_owned() });

    let NoRoute::Unavailable { excluded } = route(&needs(), &fleet).unwrap_err() else {
        panic!("the request fits");
    };

    assert_eq!(excluded[&"cape-town".parse().unwrap()], "it does not answer: no connection");
}

#[test]
fn a_service_that_the_caller_named_is_the_only_one() {
    let mut needs = needs();
    needs.service = Some("bamako".parse().unwrap());

    let no_route = route(&needs, &fleet(Reach::Usable)).unwrap_err();

    assert_eq!(no_route, NoRoute::Unfit(Misfit::WorkflowType("imputation".to_owned())));
}

#[test]
fn a_forbidden_service_is_never_a_candidate() {
    let mut needs = needs();
    needs.origin = BTreeSet::from(["ML".parse().unwrap()]);

    let no_route = route(&needs, &fleet(Reach::Usable)).unwrap_err();

    assert!(matches!(no_route, NoRoute::Unfit(_)), "{no_route:?}");
}

fn route(needs: &Needs, fleet: &Registry) -> Result<Route, NoRoute> {
    let caller =
        Caller { id: CallerId::new("issuer", "amina"), institution: None, roles: BTreeSet::new() };
    let permit = policy::evaluate(&caller, needs, &fleet.snapshot()).unwrap();
    choose(&permit, needs, &fleet.snapshot())
}

/// Cape Town imputes; Bamako runs CWL.
fn fleet(reach: Reach) -> Registry {
    let registry = Registry::of([service("cape-town", "ZA"), service("bamako", "ML")]);
    let panel = ReferencePanel {
        id: "h3africa".to_owned(),
        key: "apps@h3africa@1.0.0".to_owned(),
        name: "H3Africa".to_owned(),
        build: Some(Build::Hg38),
        input_builds: vec![Build::Hg38],
        populations: vec![Population { id: "afr".to_owned(), name: "AFR".to_owned() }],
        ..ReferencePanel::default()
    };
    let imputes = Offer {
        workflow_types: BTreeMap::from([("IMPUTATION".to_owned(), vec!["1".to_owned()])]),
        panels: vec![panel],
        ..Offer::default()
    };
    let runs_cwl = Offer {
        workflow_types: BTreeMap::from([("CWL".to_owned(), vec!["v1.2".to_owned()])]),
        ..Offer::default()
    };
    registry.publish(
        &"cape-town".parse().unwrap(),
        reach.clone(),
        Some(imputes),
        Timestamp::UNIX_EPOCH,
    );
    registry.publish(&"bamako".parse().unwrap(), reach, Some(runs_cwl), Timestamp::UNIX_EPOCH);
    registry
}

fn service(id: &str, jurisdiction: &str) -> Service {
    let url = "http://127.0.0.1:1".parse().unwrap();
    Service::new(id.parse().unwrap(), "wes", url, jurisdiction.parse().unwrap())
}

fn needs() -> Needs {
    Needs {
        workflow_type: "imputation".to_owned(),
        workflow_type_version: "1".to_owned(),
        workflow_engine: None,
        catalogue: false,
        imputation: Some(Imputation {
            panel: "h3africa".to_owned(),
            build: Build::Hg38,
            population: Some("afr".to_owned()),
            phasing: Phasing::Eagle,
            mode: Mode::Imputation,
            r2_filter: 0.0,
            aes_encryption: false,
            meta: false,
            files: Vec::new(),
        }),
        origin: BTreeSet::new(),
        service: None,
    }
}
