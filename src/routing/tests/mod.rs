//! Who can take a run, and what a caller is told when nobody can.

mod choice;
mod credentials;
mod properties;
mod residency;
mod standing_in;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::*;
use crate::{
    domain::{
        Build, Caller, CallerId, Imputation, Mode, Offer, Phasing, Population, ReferencePanel,
        Service,
    },
    policy::{Ask, Denial, Law},
    registry::{Reach, Registry},
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

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

        let NotRouted::Unfit(_, message) = route(&needs, &fleet).unwrap_err() else {
            panic!("it fits nowhere: {expected}");
        };

        assert_eq!(message, expected);
    }
}

#[test]
fn a_panel_is_found_by_its_id_in_any_case_and_by_the_vendors_key() {
    for name in ["h3africa", "H3Africa", "apps@h3africa@1.0.0"] {
        let mut needs = needs();
        needs.imputation.as_mut().unwrap().panel = name.to_owned();

        let route = route(&needs, &fleet(Reach::Usable)).unwrap();

        assert_eq!(route.fit.panel.unwrap().id, "h3africa", "{name}");
    }
}

#[test]
fn a_service_that_does_not_answer_is_no_mistake_of_the_caller() {
    let fleet = fleet(Reach::Unreachable { why: "no connection".to_owned() });

    let NotRouted::Unavailable(excluded) = route(&needs(), &fleet).unwrap_err() else {
        panic!("the request fits");
    };

    assert_eq!(excluded["cape-town"], "it does not answer: no connection");
}

#[test]
fn a_service_that_the_caller_named_is_the_only_one() {
    let mut needs = needs();
    needs.service = Some("bamako".parse().unwrap());

    let no_route = route(&needs, &fleet(Reach::Usable)).unwrap_err();

    assert!(matches!(no_route, NotRouted::Unfit(Misfit::WorkflowType, _)), "{no_route:?}");
}

#[test]
fn a_service_that_nobody_knows_is_told_from_one_that_does_not_fit() {
    let mut needs = needs();
    needs.service = Some("lagos".parse().unwrap());

    let no_route = route(&needs, &fleet(Reach::Usable)).unwrap_err();

    assert!(matches!(no_route, NotRouted::UnknownService), "{no_route:?}");
}

#[test]
fn a_forbidden_service_is_never_a_candidate() {
    let mut needs = needs();
    needs.origin = BTreeSet::from(["ML".parse().unwrap()]);

    let no_route = route(&needs, &fleet(Reach::Usable)).unwrap_err();

    assert!(matches!(no_route, NotRouted::Unfit(..)), "{no_route:?}");
}

#[test]
fn inputs_that_the_gateway_may_not_fetch_go_to_a_service_that_does() {
    let mut needs = needs();
    needs.protocols = BTreeSet::from(["https".to_owned()]);
    let fleet = fleet(Reach::Usable);

    let no_route = route(&needs, &fleet).unwrap_err();
    let fetches = Offer { protocols: vec!["HTTPS".to_owned()], ..imputes() };
    fleet.publish(&"cape-town".parse().unwrap(), Reach::Usable, Some(fetches), NOW);

    assert!(matches!(no_route, NotRouted::Unfit(Misfit::Inputs, _)), "{no_route:?}");
    assert!(route(&needs, &fleet).is_ok());
}

/// Of a route, what these tests look at.
#[derive(Debug)]
struct Routed {
    /// In order.
    candidates: Vec<String>,
    /// How the run is put to the first one.
    fit: Fit,
    excluded: BTreeMap<String, String>,
    first: Standing,
}

/// Of the reasons against a route, what these tests look at.
#[derive(Debug)]
enum NotRouted {
    Unfit(Misfit, String),
    UnknownService,
    Credential(BTreeMap<String, String>),
    Unavailable(BTreeMap<String, String>),
}

fn route(needs: &Needs, fleet: &Registry) -> Result<Routed, NotRouted> {
    route_by(needs, fleet, 7)
}

fn route_by(needs: &Needs, fleet: &Registry, seed: u64) -> Result<Routed, NotRouted> {
    let fleet = fleet.snapshot();
    let mut held = permit(needs, &fleet).unwrap();
    let permit = held.clone();
    let fresh = permit.clone();
    let words = |excluded: &[Excluded<'_>]| {
        let told = told(excluded, needs, 100).into_iter();
        told.map(|(id, why)| (id.to_string(), why)).collect()
    };
    match choose(&permit, needs, &fleet, &mut Rng::with_seed(seed)) {
        Ok(route) => Ok(Routed {
            candidates: route.candidates.iter().map(|one| one.service_id.to_string()).collect(),
            fit: recheck(&mut held, Ok(fresh), needs, &fleet, &route.candidates[0]).unwrap(),
            excluded: words(&route.excluded),
            first: route.candidates[0].standing,
        }),
        Err(NoRoute::Unfit { misfit, message }) => Err(NotRouted::Unfit(misfit, message)),
        Err(NoRoute::UnknownService(_)) => Err(NotRouted::UnknownService),
        Err(NoRoute::Credential(excluded)) => Err(NotRouted::Credential(words(&excluded))),
        Err(NoRoute::Unavailable(excluded)) => Err(NotRouted::Unavailable(words(&excluded))),
    }
}

fn permit(needs: &Needs, fleet: &Snapshot) -> Result<Permit, Denial> {
    let amina = Caller::new(CallerId::new("issuer", "amina"));
    Law::default().evaluate(&Ask::new(&amina, needs, NOW), fleet)
}

/// Cape Town imputes; Bamako runs CWL.
fn fleet(reach: Reach) -> Registry {
    let registry = Registry::of([service("cape-town", "ZA"), service("bamako", "ML")]);
    registry.publish(&"cape-town".parse().unwrap(), reach.clone(), Some(imputes()), NOW);
    registry.publish(&"bamako".parse().unwrap(), reach, Some(runs_cwl()), NOW);
    registry
}

fn imputes() -> Offer {
    let panel = ReferencePanel {
        id: "h3africa".to_owned(),
        key: "apps@h3africa@1.0.0".to_owned(),
        name: "H3Africa".to_owned(),
        build: Some(Build::Hg38),
        input_builds: vec![Build::Hg38],
        populations: vec![Population { id: "afr".to_owned(), name: "AFR".to_owned() }],
        ..ReferencePanel::default()
    };
    Offer {
        workflow_types: BTreeMap::from([("IMPUTATION".to_owned(), vec!["1".to_owned()])]),
        panels: vec![panel],
        ..Offer::default()
    }
}

fn runs_cwl() -> Offer {
    Offer {
        workflow_types: BTreeMap::from([("CWL".to_owned(), vec!["v1.2".to_owned()])]),
        ..Offer::default()
    }
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
        protocols: BTreeSet::new(),
        origin: BTreeSet::new(),

        dataset: None,
        purpose: BTreeSet::new(),
        service: None,
        own_credentials: BTreeMap::new(),
    }
}
