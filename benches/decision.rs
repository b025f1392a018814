//! How long it takes to decide where a run goes, over a federation of a thousand services.
//!
//! `cargo bench --bench decision` prints microseconds per decision: policy and routing together, on one
//! snapshot, as every submission does it.

use std::{
    collections::{BTreeMap, BTreeSet},
    hint::black_box,
    time::Instant,
};

use fastrand::Rng;
use ga4gh_gateway::{
    domain::{Caller, CallerId, Needs, Offer, Service},
    policy::{Ask, Floor, Law, RuleSet},
    registry::{Reach, Registry, Snapshot},
    routing,
};

const SERVICES: usize = 1_000;
const ROUNDS: usize = 2_000;
const NOW: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

fn main() {
    let fleet = federation().snapshot();
    let caller = Caller::new(CallerId::new("issuer", "amina"));
    let mut dice = Rng::with_seed(1);
    let policies = Law::new(Floor::default().into(), Some(policies().into()), 1);
    for (under, law) in [("the floor alone", Law::default()), ("with 50 policies", policies)] {
        for (what, needs) in [("any origin", needs(&[])), ("one country in four", needs(&["KE"]))] {
            let first = decide(&law, &caller, &needs, &fleet, &mut dice);
            let mut took: Vec<f64> =
                (0..ROUNDS).map(|_| decide(&law, &caller, &needs, &fleet, &mut dice)).collect();
            took.sort_by(f64::total_cmp);
            let (p50, p99) = (took[ROUNDS / 2], took[ROUNDS * 99 / 100]);
            println!(
                "decision over {SERVICES} services, {under}, {what}: p50 {p50:.1} us, p99 {p99:.1} us, \
                 the first one {first:.0} us"
            );
        }
    }
}

/// Fifty policies that ask about caller, data and service, and forbid nothing here.
fn policies() -> RuleSet {
    let mut text = r#"@id("members") permit (principal, action, resource);"#.to_owned();
    for number in 0..49 {
        text.push_str(&format!(
            r#"@id("p{number}") @reason("no") forbid (principal, action, resource) when {{
                context has dataset && context.dataset.class == "controlled" &&
                principal.grants.contains("https://data.example/{number}") &&
                !resource.certifications.contains("ISO 27001") }};"#
        ));
    }
    RuleSet::compile(&[("bench.cedar".to_owned(), text)].into()).expect("the policies are good")
}

fn decide(law: &Law, caller: &Caller, needs: &Needs, fleet: &Snapshot, dice: &mut Rng) -> f64 {
    let began = Instant::now();
    let permit =
        law.evaluate(&Ask::new(caller, needs, NOW), fleet).expect("a service stands there");
    let route = routing::choose(&permit, needs, fleet, dice).expect("a service runs it");
    let took = began.elapsed();
    black_box(&route);
    took.as_secs_f64() * 1e6
}

/// Services in four countries; half run CWL, half WDL.
fn federation() -> Registry {
    let services = (0..SERVICES).map(|number| {
        let id = format!("service-{number}").parse().expect("a plain id");
        let url = "http://127.0.0.1:1".parse().expect("a URL");
        Service::new(
            id,
            "wes",
            url,
            ["KE", "ML", "US", "ZA"][number % 4].parse().expect("a country"),
        )
    });
    let registry = Registry::of(services);
    let ids: Vec<_> = registry.snapshot().services().map(|listing| listing.id().clone()).collect();
    for (number, id) in ids.iter().enumerate() {
        let workflow_type = if number.is_multiple_of(2) { "CWL" } else { "WDL" };
        let versions = vec!["v1.0".to_owned(), "v1.2".to_owned()];
        let offer = Offer {
            workflow_types: BTreeMap::from([(workflow_type.to_owned(), versions)]),
            ..Offer::default()
        };
        registry.publish(id, Reach::Usable, Some(offer), jiff::Timestamp::UNIX_EPOCH);
    }
    registry
}

fn needs(origin: &[&str]) -> Needs {
    Needs {
        workflow_type: "CWL".to_owned(),
        workflow_type_version: "v1.2".to_owned(),
        workflow_engine: None,
        catalogue: false,
        imputation: None,
        protocols: BTreeSet::new(),
        origin: origin.iter().map(|country| country.parse().expect("a country")).collect(),

        dataset: None,
        purpose: BTreeSet::new(),
        service: None,
        own_credentials: BTreeMap::new(),
    }
}
