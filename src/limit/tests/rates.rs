use std::{collections::HashSet, sync::Arc, time::Duration};

use crate::{
    limit::{Config, Limit, Limiter, Rate},
    telemetry::Metrics,
};

fn limiter(config: &Config) -> Limiter {
    Limiter::new(config, Arc::new(Metrics::new()))
}

fn with_reads(rate: &str) -> Config {
    let mut config = Config::default();
    config.caller.read = Some(rate.parse().unwrap());
    config
}

async fn allowed(limiter: &Limiter, key: &str, cost: u32) -> bool {
    limiter.take(Limit::CallerRead, key, cost).await.unwrap().is_allowed()
}

#[tokio::test(start_paused = true)]
async fn all_of_a_quota_can_be_had_at_once_and_comes_back_bit_by_bit() {
    let limiter = limiter(&with_reads("4/1m"));

    for left in [3, 2, 1, 0] {
        let standing = limiter.take(Limit::CallerRead, "amina", 1).await.unwrap();
        assert_eq!((standing.is_allowed(), standing.remaining), (true, left));
    }
    let refused = limiter.take(Limit::CallerRead, "amina", 1).await.unwrap();

    assert_eq!((refused.remaining, refused.retry_after), (0, Some(Duration::from_secs(15))));
    assert_eq!(refused.reset(), Duration::from_secs(60));
    tokio::time::advance(Duration::from_millis(14_999)).await;
    assert!(!allowed(&limiter, "amina", 1).await);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(allowed(&limiter, "amina", 1).await);
    assert!(!allowed(&limiter, "amina", 1).await);
}

#[tokio::test(start_paused = true)]
async fn nobody_uses_up_what_is_anothers() {
    let limiter = limiter(&with_reads("1/1m"));

    assert!(allowed(&limiter, "amina", 1).await);

    assert!(!allowed(&limiter, "amina", 1).await);
    assert!(allowed(&limiter, "bakary", 1).await);
    assert!(limiter.take(Limit::CallerSubmit, "amina", 1).await.unwrap().is_allowed());
}

#[tokio::test(start_paused = true)]
async fn what_costs_more_takes_more_and_never_more_than_there_is() {
    let limiter = limiter(&with_reads("10/10s"));

    assert!(allowed(&limiter, "amina", 7).await);
    let refused = limiter.take(Limit::CallerRead, "amina", 5).await.unwrap();

    assert_eq!((refused.remaining, refused.retry_after), (3, Some(Duration::from_secs(2))));
    assert!(allowed(&limiter, "amina", 3).await);
    assert!(allowed(&limiter, "bakary", 1000).await);
}

#[tokio::test(start_paused = true)]
async fn within_any_time_no_more_passes_than_is_published() {
    let mut config = with_reads("30/1s");
    config.replicas = 3;
    let replicas = [limiter(&config), limiter(&config), limiter(&config)];
    let policy = replicas[0].policies().find(|(p, _)| p.limit == Limit::CallerRead).unwrap().0;
    let mut dice = fastrand::Rng::with_seed(7);

    let (mut passed, mut time) = (0, Duration::ZERO);
    for _ in 0..2000 {
        passed += u64::from(allowed(dice.choice(&replicas).unwrap(), "amina", 1).await);
        let step = Duration::from_micros(dice.u64(0..10_000));
        tokio::time::advance(step).await;
        time += step;
    }

    assert!(passed <= policy.most_within(time), "{passed} within {time:?}");
    assert!(passed >= 200, "the limit keeps everybody out: {passed}");
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded_and_forgets_whoever_has_everything_again() {
    let mut config = with_reads("10/1s");
    config.max_keys = 160;
    let limiter = limiter(&config);

    for number in 0..10_000 {
        allowed(&limiter, &format!("caller {number}"), 1).await;
    }

    let remembered = |limiter: &Limiter| {
        limiter.policies().find(|(policy, _)| policy.limit == Limit::CallerRead).unwrap().1
    };
    assert!((1..=160).contains(&remembered(&limiter)), "{}", remembered(&limiter));
    tokio::time::advance(Duration::from_secs(1)).await;
    limiter.tidy();
    assert_eq!(remembered(&limiter), 0);
}

#[tokio::test(start_paused = true)]
async fn the_greediest_are_kept_when_memory_is_full() {
    let mut config = with_reads("100/100s");
    config.max_keys = 1600;
    let limiter = limiter(&config);
    assert!(allowed(&limiter, "greedy", 100).await);

    for number in 0..5_000 {
        allowed(&limiter, &format!("caller {number}"), 1).await;
    }

    assert!(!allowed(&limiter, "greedy", 1).await);
    assert_eq!(limiter.busiest(Limit::CallerRead, 1), [("greedy".to_owned(), 0)]);
}

#[tokio::test(start_paused = true)]
async fn who_was_refused_too_often_is_blocked_until_there_is_one_more() {
    let mut config = Config::default();
    config.address.refused = Some("2/1m".parse().unwrap());
    let limiter = limiter(&config);

    limiter.count(Limit::AddressRefused, "192.0.2.1").await;
    assert_eq!(limiter.blocked(Limit::AddressRefused, "192.0.2.1"), None);
    limiter.count(Limit::AddressRefused, "192.0.2.1").await;

    let blocked = limiter.blocked(Limit::AddressRefused, "192.0.2.1").unwrap();
    assert_eq!(blocked.retry_after, Some(Duration::from_secs(30)));
    assert_eq!(limiter.blocked(Limit::AddressRefused, "192.0.2.2"), None);
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(limiter.blocked(Limit::AddressRefused, "192.0.2.1"), None);
}

#[tokio::test]
async fn what_is_off_limits_nobody() {
    let config: Config = toml::from_str("[caller]\nread = 'off'\nsubmit = '5/1s'").unwrap();
    let limiter = limiter(&config);

    assert_eq!(limiter.take(Limit::CallerRead, "amina", 1).await, None);
    assert_eq!(config.caller.submit, Some(Rate { quota: 5, window: Duration::from_secs(1) }));
    assert_eq!(config.caller.admin, Config::default().caller.admin);
}

#[test]
fn a_configuration_that_makes_no_sense_is_told() {
    let config: Config = toml::from_str(
        "replicas = 4\nmax_keys = 0\nmax_lease = 0\nlease_share = 2.0\n[caller]\nread = '3/1s'\n\
         [submissions]\nmax_share = 0.0\nweights = { a = -1.0 }",
    )
    .unwrap();

    let problems = config.problems();

    let keys: HashSet<_> = problems.iter().map(|(key, _)| key.as_str()).collect();
    let wrong = ["max_keys", "max_lease", "lease_share", "caller.read"];
    let places = ["submissions.max_share", "submissions.weights"];
    assert_eq!(keys, wrong.into_iter().chain(places).collect());
    assert_eq!(Config::default().problems(), []);
}
