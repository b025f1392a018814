//! What must hold for every federation.

use proptest::prelude::*;

use super::{choice::trip, *};
use crate::{
    domain::StandIn,
    registry::{Mode as ServiceMode, Record, Source},
};

/// What a service may be like.
#[derive(Debug, Clone)]
struct Kind {
    country: &'static str,
    weight: u32,
    mode: ServiceMode,
    reach: Reach,
    offers: Offers,
    closed: bool,
    tripped: bool,
    depends_on: Option<u8>,
    stands_in_for: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Offers {
    Nothing,
    Cwl,
    Imputation,
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn whoever_is_chosen_may_and_can_take_the_run(
        kinds in fleets(), named in proptest::option::of(0..6_u8), seed: u64,
    ) {
        let fleet = build(&kinds);
        let needs = Needs { service: named.map(|number| id(number).parse().unwrap()), ..in_kenya() };

        let Ok(route) = try_route(&needs, &fleet, seed) else { return Ok(()) };

        for candidate in &route.candidates {
            let number = usize::from(candidate.trim_start_matches('s').parse::<u8>().unwrap());
            let kind = &kinds[number];
            prop_assert_eq!(kind.country, "KE");
            prop_assert_eq!(kind.mode, ServiceMode::Active);
            prop_assert_eq!(kind.offers, Offers::Cwl);
            prop_assert!(matches!(kind.reach, Reach::Usable | Reach::Unknown));
            prop_assert!(!kind.tripped && !kind.closed);
            prop_assert!(!route.excluded.contains_key(candidate));
            if let Some(named) = named {
                prop_assert!(id(named) == *candidate || kind.stands_in_for == Some(named));
            }
        }
    }

    #[test]
    fn every_permitted_service_is_a_candidate_or_has_a_reason(kinds in fleets(), seed: u64) {
        let fleet = build(&kinds);

        let (candidates, excluded) = match try_route(&in_kenya(), &fleet, seed) {
            Ok(route) => (route.candidates.len(), route.excluded.len()),
            Err(Some(NotRouted::Unavailable(excluded))) => (0, excluded.len()),
            Err(_) => return Ok(()),
        };

        let permitted = kinds.iter().filter(|kind| kind.country == "KE").count();
        prop_assert_eq!(candidates + excluded, permitted);
    }

    #[test]
    fn a_forbidden_service_changes_nothing(kinds in fleets(), seed: u64) {
        let fleet = build(&kinds);
        let before = try_route(&in_kenya(), &fleet, seed);

        let abroad = Service { weight: 10_000, ..service("abroad", "US") };
        fleet.put(Record::new(abroad, Source::Operator, NOW));
        fleet.publish(&"abroad".parse().unwrap(), Reach::Usable, Some(runs_cwl()), NOW);
        let after = try_route(&in_kenya(), &fleet, seed);

        prop_assert_eq!(outcome(&before), outcome(&after));
    }

    #[test]
    fn the_same_seed_gives_the_same_order(kinds in fleets(), seed: u64) {
        let once = try_route(&in_kenya(), &build(&kinds), seed);
        let twice = try_route(&in_kenya(), &build(&kinds), seed);

        prop_assert_eq!(outcome(&once), outcome(&twice));
    }
}

fn fleets() -> impl Strategy<Value = Vec<Kind>> {
    let modes = prop_oneof![
        4 => Just(ServiceMode::Active),
        1 => Just(ServiceMode::Draining),
        1 => Just(ServiceMode::Maintenance),
    ];
    let reaches = prop_oneof![
        4 => Just(Reach::Usable),
        1 => Just(Reach::Unknown),
        1 => Just(Reach::Unusable { why: "401".to_owned() }),
        1 => Just(Reach::Unreachable { why: "gone".to_owned() }),
    ];
    let offers = prop_oneof![
        4 => Just(Offers::Cwl),
        1 => Just(Offers::Nothing),
        1 => Just(Offers::Imputation),
    ];
    let rare = proptest::bool::weighted(0.15);
    let other = || proptest::option::weighted(0.3, 0..6_u8);
    let country = prop_oneof![2 => Just("KE"), 1 => Just("US")];
    let kind = (country, 0..4_u32, modes, reaches, offers, rare, rare, other(), other()).prop_map(
        |(country, weight, mode, reach, offers, closed, tripped, depends_on, stands_in_for)| Kind {
            country,
            weight,
            mode,
            reach,
            offers,
            closed,
            tripped,
            depends_on,
            stands_in_for,
        },
    );
    proptest::collection::vec(kind, 1..8)
}

fn build(kinds: &[Kind]) -> Registry {
    let fleet = Registry::of([]);
    for (number, kind) in kinds.iter().enumerate() {
        let id = id(u8::try_from(number).unwrap());
        let promise =
            |other: u8| StandIn { service: self::id(other).parse().unwrap(), panels: Vec::new() };
        let service = Service {
            weight: kind.weight,
            depends_on: kind
                .depends_on
                .map(|other| self::id(other).parse().unwrap())
                .into_iter()
                .collect(),
            stands_in_for: kind.stands_in_for.map(promise).into_iter().collect(),
            ..service(&id, kind.country)
        };
        let mut record = Record::new(service, Source::Operator, NOW);
        record.mode = kind.mode;
        fleet.put(record);
        let closed = kind.closed.then(|| "closed".to_owned());
        let offer = match kind.offers {
            Offers::Nothing => None,
            Offers::Cwl => Some(Offer { closed, ..runs_cwl() }),
            Offers::Imputation => Some(Offer { closed, ..imputes() }),
        };
        fleet.publish(&id.parse().unwrap(), kind.reach.clone(), offer, NOW);
        if kind.tripped {
            trip(&fleet, &id);
        }
    }
    fleet
}

fn id(number: u8) -> String {
    format!("s{number}")
}

fn in_kenya() -> Needs {
    Needs { origin: BTreeSet::from(["KE".parse().unwrap()]), ..super::choice::cwl() }
}

/// `None`: policy forbids every service.
fn try_route(needs: &Needs, fleet: &Registry, seed: u64) -> Result<Routed, Option<NotRouted>> {
    if permit(needs, &fleet.snapshot()).is_err() {
        return Err(None);
    }
    route_by(needs, fleet, seed).map_err(Some)
}

/// What came of it, so that two can be compared. How long a circuit stays open depends on the moment.
fn outcome(routed: &Result<Routed, Option<NotRouted>>) -> String {
    match routed {
        Ok(route) => format!("{:?} {:?}", route.candidates, route.excluded.keys()),
        Err(Some(NotRouted::Unavailable(excluded))) => format!("{:?}", excluded.keys()),
        Err(other) => format!("{other:?}"),
    }
}
