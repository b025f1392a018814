use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::task::JoinSet;

use crate::{
    limit::{NoPlace, Place, Places, Submissions},
    telemetry::Metrics,
};

fn places(count: usize, config: Submissions) -> Arc<Places> {
    Places::new(count, config, Arc::new(Metrics::new()))
}

/// Enters, and says who it was once it is in.
fn enter(
    tasks: &mut JoinSet<(&'static str, Result<Place, NoPlace>)>,
    places: &Arc<Places>,
    who: &'static str,
) {
    let places = places.clone();
    tasks.spawn(async move { (who, places.enter(who).await) });
}

/// Lets everything run that can.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_holds_more_than_the_greatest_share() {
    let places = places(8, Submissions { wait: Duration::ZERO, ..Submissions::default() });

    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(places.enter("greedy").await.unwrap());
    }

    assert_eq!(places.enter("greedy").await.unwrap_err(), NoPlace);
    assert!(places.enter("modest").await.is_ok());
    held.pop();
    assert!(places.enter("greedy").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_free_place_goes_to_whoever_holds_least() {
    // Given two that hold everything, and wait for more before a third one comes.
    let places = places(4, Submissions { max_share: 0.75, ..Submissions::default() });
    let mut held = Vec::new();
    for who in ["a", "a", "a", "b"] {
        held.push(places.enter(who).await.unwrap());
    }
    let mut tasks = JoinSet::new();
    for who in ["a", "a", "b", "c"] {
        enter(&mut tasks, &places, who);
        settle().await;
    }

    // When one place after the other is given back by the greatest holder.
    drop(held.remove(0));
    let (first, first_place) = tasks.join_next().await.unwrap().unwrap();
    drop(held.remove(0));
    let (second, second_place) = tasks.join_next().await.unwrap().unwrap();

    // Then those get them who hold less.
    assert_eq!((first, second), ("c", "b"));
    assert!(first_place.is_ok() && second_place.is_ok());
}

#[tokio::test(start_paused = true)]
async fn weights_part_the_places() {
    let weights = BTreeMap::from([("large".to_owned(), 3.0)]);
    let places = places(
        8,
        Submissions { max_share: 1.0, max_waiting: 100, weights, ..Submissions::default() },
    );
    let other = places.enter("other").await.unwrap();
    let mut rest = Vec::new();
    for _ in 0..7 {
        rest.push(places.enter("other").await.unwrap());
    }
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        enter(&mut tasks, &places, "large");
        enter(&mut tasks, &places, "small");
    }
    settle().await;

    drop((other, rest));
    settle().await;

    let shares: BTreeMap<_, _> =
        places.shares().into_iter().map(|share| (share.tenant, share.holds)).collect();
    assert_eq!(shares, BTreeMap::from([("large".to_owned(), 6), ("small".to_owned(), 2)]));
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_and_so_does_the_line() {
    let places = places(1, Submissions { max_waiting: 1, ..Submissions::default() });
    let held = places.enter("a").await.unwrap();
    let mut tasks = JoinSet::new();
    enter(&mut tasks, &places, "a");
    settle().await;

    assert_eq!(places.enter("a").await.unwrap_err(), NoPlace);
    let began = tokio::time::Instant::now();
    assert_eq!(tasks.join_next().await.unwrap().unwrap().1.unwrap_err(), NoPlace);
    assert_eq!(began.elapsed(), Submissions::default().wait);

    // Whoever left the line is passed over.
    drop(held);
    assert!(places.enter("b").await.is_ok());
    assert_eq!(places.shares(), []);
}

#[tokio::test(start_paused = true)]
async fn a_greedy_one_leaves_others_at_least_their_share() {
    // Given one that always has fifty submissions waiting, and three that have four each.
    let places = places(
        8,
        Submissions {
            max_waiting: 1000,
            wait: Duration::from_secs(3600),
            ..Submissions::default()
        },
    );
    let mut tasks = JoinSet::new();
    let work = |who: &'static str| {
        let places = places.clone();
        async move {
            let mut done = 0_u32;
            let end = tokio::time::Instant::now() + Duration::from_secs(100);
            while tokio::time::Instant::now() < end {
                let place = places.enter(who).await.unwrap();
                tokio::time::sleep(Duration::from_secs(1)).await;
                drop(place);
                done += 1;
            }
            (who, done)
        }
    };
    for (who, workers) in [("greedy", 50), ("b", 4), ("c", 4), ("d", 4)] {
        for _ in 0..workers {
            tasks.spawn(work(who));
        }
    }

    // When all of them work for a while.
    let mut done: BTreeMap<&str, u32> = BTreeMap::new();
    while let Some(Ok((who, count))) = tasks.join_next().await {
        *done.entry(who).or_default() += count;
    }

    // Then each of the others got a quarter of what there was: eight places for a hundred seconds.
    for who in ["b", "c", "d"] {
        assert!(done[who] >= 196, "{done:?}");
    }
    assert!(done["greedy"] >= 190, "{done:?}");
}
