//! Where data may go, by their origin.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::*;
use crate::{
    domain::{CallerId, Role, Service},
    registry::{Record, Registry, Source},
};

#[test]
fn a_run_stays_in_the_countries_of_its_data() {
    for (origin, expected) in [
        (vec![], Some(vec!["ghana", "kenya"])),
        (vec!["KE"], Some(vec!["kenya"])),
        (vec!["GH", "KE"], Some(vec!["ghana", "kenya"])),
        (vec!["US"], None),
    ] {
        let evaluated = evaluate(&caller(), &needs(&origin), &fleet().snapshot());

        let allowed = evaluated.ok().map(|permit| {
            ["ghana", "kenya"]
                .into_iter()
                .filter(|id| permit.allows(&id.parse().unwrap()))
                .collect()
        });
        assert_eq!(allowed, expected, "{origin:?}");
    }
}

#[test]
fn a_steward_reads_why_a_service_is_forbidden() {
    let permit = evaluate(&caller(), &needs(&["KE"]), &fleet().snapshot()).unwrap();

    let forbidden: Vec<_> = permit.forbidden().collect();
    let why = "it stands in GH, and the data may stay only in KE".to_owned();
    assert_eq!(forbidden, [(&"ghana".parse().unwrap(), why)]);
}

#[test]
fn a_service_that_came_after_the_permit_is_not_in_it() {
    let fleet = fleet();
    let permit = evaluate(&caller(), &needs(&[]), &fleet.snapshot()).unwrap();
    for id in ["angola", "lagos", "zambia"] {
        fleet.put(Record::new(service(id, "KE"), Source::Operator, Timestamp::UNIX_EPOCH));
    }
    fleet.remove(&"ghana".parse().unwrap());

    let fleet = fleet.snapshot();
    let permitted: Vec<_> = permit.permitted(&fleet).map(|l| l.id().as_str()).collect();

    assert_eq!(permitted, ["kenya"]);
    assert!(!permit.allows(&"lagos".parse().unwrap()));
}

fn fleet() -> Registry {
    Registry::of([service("kenya", "KE"), service("ghana", "GH")])
}

fn service(id: &str, jurisdiction: &str) -> Service {
    let url = "http://127.0.0.1:1".parse().unwrap();
    Service::new(id.parse().unwrap(), "wes", url, jurisdiction.parse().unwrap())
}

fn needs(origin: &[&str]) -> Needs {
    Needs {
        workflow_type: "CWL".to_owned(),
        workflow_type_version: "v1.2".to_owned(),
        workflow_engine: None,
        catalogue: false,
        imputation: None,
        protocols: BTreeSet::new(),
        origin: origin.iter().map(|country| country.parse().unwrap()).collect(),
        service: None,
        own_credentials: BTreeMap::new(),
    }
}

fn caller() -> Caller {
    Caller {
        roles: BTreeSet::from([Role::Researcher]),
        ..Caller::new(CallerId::new("issuer", "amina"))
    }
}
