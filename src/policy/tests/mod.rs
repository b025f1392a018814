//! Where data may go: the floor, the policies over it, and the tables that come with them.

mod floor;
mod rules;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::*;
use crate::{
    datasets::DatasetDocument,
    domain::{Blocs, Caller, CallerId, Dataset, Needs, Role, Service},
    registry::{Record, Registry, Source},
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn fleet(services: &[(&str, &str)]) -> Registry {
    Registry::of(services.iter().map(|(id, law)| service(id, law)))
}

/// `KE` stands there; `KE/US` stands there and is controlled from elsewhere.
fn service(id: &str, law: &str) -> Service {
    let url = "http://127.0.0.1:1".parse().unwrap();
    let (place, controller) = law.split_once('/').unwrap_or((law, law));
    Service {
        controller_jurisdiction: (place != controller).then(|| controller.parse().unwrap()),
        ..Service::new(id.parse().unwrap(), "wes", url, place.parse().unwrap())
    }
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
        dataset: None,
        purpose: BTreeSet::new(),
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

fn dataset(json: &str) -> Dataset {
    let document: DatasetDocument = serde_json::from_str(json).unwrap();
    document.to_dataset(&Blocs::default()).unwrap()
}

fn config(toml: &str) -> Config {
    toml::from_str(toml).unwrap()
}

fn law(toml: &str) -> Law {
    Law::new(config(toml).floor().unwrap().into(), None, 0)
}

/// The floor of a configuration under one file of policies.
fn law_with(toml: &str, policies: &str) -> Law {
    let rules = compile(&[("rules.cedar", policies)]).unwrap();
    Law::new(config(toml).floor().unwrap().into(), Some(rules.into()), 1)
}

fn compile(files: &[(&str, &str)]) -> Result<RuleSet, Vec<Flaw>> {
    let files: BTreeMap<_, _> =
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    RuleSet::compile(&files)
}

/// The ids of the permitted services, or the denial.
fn allowed(law: &Law, ask: &Ask<'_>, fleet: &Registry) -> Result<String, Denial> {
    let fleet = fleet.snapshot();
    let permit = law.evaluate(ask, &fleet)?;
    let ids: Vec<_> = permit.permitted(&fleet).map(|listing| listing.id().as_str()).collect();
    assert_eq!(ids.len(), permit.len());
    assert_eq!(permit.forbidden(&fleet).count(), fleet.len() - permit.len());
    Ok(ids.join(" "))
}
