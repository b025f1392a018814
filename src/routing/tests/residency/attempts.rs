//! Every attempt of every run in many worlds.

use super::*;

/// A build that is not optimized takes minutes for all of them.
const WORLDS: u64 = if cfg!(debug_assertions) { 20_000 } else { 100_000 };

#[test]
fn no_attempt_leaves_what_is_permitted() {
    let mut book = Book::default();
    let (mut attempts, mut refusals, mut kept_away) = (0, 0, 0);
    for seed in 0..WORLDS {
        let dice = &mut Rng::with_seed(seed);
        let mut world = World::throw(dice);
        let fleet = Registry::of(world.sites.iter().map(Site::service));
        (0..world.sites.len()).for_each(|at| world.answers(&fleet, at, Reach::Usable));
        let (caller, needs) = (world.caller(), world.needs());
        let mut evaluate = |world: &World| {
            let record = world.record(&book);
            let now = Timestamp::from_second(world.now).unwrap();
            let ask = Ask { dataset: record.as_ref(), ..Ask::new(&caller, &needs, now) };
            world.law(&mut book).evaluate(&ask, &fleet.snapshot())
        };

        let decided = world.permitted();
        let before = fleet.snapshot();
        let Ok(mut permit) = evaluate(&world) else {
            assert!(decided.is_empty(), "world {seed}: refused although {decided:?} may have it");
            refusals += 1;
            continue;
        };
        assert_eq!(permit.len(), decided.len(), "world {seed}");
        let area = world.area().unwrap();
        for country in COUNTRIES {
            let kept = permit.may_stay_in(country.parse().unwrap());
            assert_eq!(kept, area.contains(country), "world {seed}: kept in {country}");
        }
        let candidates = choose(&permit.clone(), &needs, &before, dice).unwrap().candidates;

        // Every attempt fails, so that the next one is made.
        for candidate in candidates {
            (0..dice.usize(..3)).for_each(|_| world.happen(&fleet, dice));
            let (fresh, now) = (evaluate(&world), fleet.snapshot());
            let name = candidate.service_id.as_str();
            let site = world.sites.iter().find(|site| site.id == name).unwrap();
            let allowed = world.may_go(site) && decided.contains(&(site.id.clone(), site.lives));
            match recheck(&mut permit, fresh, &needs, &now, &candidate) {
                Ok(_) => {
                    assert!(allowed, "world {seed}: {name} is asked, and may not have the data");
                    attempts += 1;
                }
                Err(PassedOver::Forbidden) => kept_away += 1,
                Err(_) => {}
            }
            for listing in permit.permitted(&now) {
                let site = world.sites.iter().find(|site| site.id == listing.id().as_str());
                let life = (listing.id().to_string(), site.unwrap().lives);
                assert!(decided.contains(&life), "world {seed}: {life:?} was added");
            }
        }
    }
    // The dice throw worlds in which something happens.
    assert!(attempts > WORLDS / 4, "{attempts} attempts");
    assert!(refusals > WORLDS / 10 && kept_away > WORLDS / 20, "{refusals} {kept_away}");
}
