//! Limits that replicas share, whatever becomes of their Redis.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use ga4gh_gateway::{
    limit::{Config, Limit, Limiter, Policy, Rate},
    redis_link::{self, RedisLink},
    telemetry::Metrics,
};
use tokio::{task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::support::{eventually::eventually, redis::Redis};

const REPLICAS: u32 = 3;
/// Those who ask as fast as they can, on each replica.
const CALLERS: u32 = 8;

/// Some gateways that share a Redis, and greedy callers on all of them.
struct Replicas {
    limiters: Vec<Arc<Limiter>>,
    links: Vec<Arc<RedisLink>>,
    passed: Arc<AtomicU64>,
    began: Instant,
    over: Arc<AtomicBool>,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
}

impl Replicas {
    async fn start(redis: &Redis) -> Self {
        let mut config = Config { replicas: REPLICAS, ..Config::default() };
        config.caller.read = Some(Rate::per_minute(600));
        let (mut limiters, mut links) = (Vec::new(), Vec::new());
        let (shutdown, mut tasks) = (CancellationToken::new(), JoinSet::new());
        for _ in 0..REPLICAS {
            let way = redis_link::Config::default();
            let link = RedisLink::try_new(&redis.url().into(), way).expect("it is a URL");
            let metrics = Arc::new(Metrics::new());
            let limiter = Arc::new(Limiter::shared(&config, link.clone(), metrics));
            tasks.spawn(link.clone().run(shutdown.clone()));
            tasks.spawn(limiter.clone().run(shutdown.clone()));
            limiters.push(limiter);
            links.push(link);
        }
        let replicas = Self {
            limiters,
            links,
            passed: Arc::default(),
            began: Instant::now(),
            over: Arc::default(),
            shutdown,
            tasks,
        };
        replicas.see(true).await;
        // As if Redis had been there for long: everybody has everything.
        eventually("the replicas have shown themselves", || async {
            let answer = redis.ask("HEXISTS {ga4gh-gateway:limit} seen").await;
            if answer == ":1" { Ok(()) } else { Err(answer) }
        })
        .await;
        redis.ask("HSET {ga4gh-gateway:limit} began 1").await;
        replicas
    }

    /// Lets callers ask on every replica, as fast as they can.
    fn rush(&mut self) {
        self.began = Instant::now();
        for limiter in &self.limiters {
            for _ in 0..CALLERS {
                let (limiter, passed) = (limiter.clone(), self.passed.clone());
                let over = self.over.clone();
                self.tasks.spawn(async move {
                    while !over.load(Ordering::Relaxed) {
                        let standing = limiter.take(Limit::CallerRead, "greedy", 1).await;
                        if standing.expect("reading is limited").is_allowed() {
                            passed.fetch_add(1, Ordering::Relaxed);
                        } else {
                            tokio::time::sleep(Duration::from_millis(2)).await;
                        }
                    }
                });
            }
        }
    }

    /// Waits until all replicas know whether Redis is there.
    async fn see(&self, up: bool) {
        eventually("the replicas see how Redis is", || async {
            let seen: Vec<_> = self.links.iter().map(|link| link.is_up()).collect();
            if seen.iter().all(|one| *one == up) { Ok(()) } else { Err(seen) }
        })
        .await;
    }

    fn policy(&self) -> Policy {
        let mut policies = self.limiters[0].policies().map(|(policy, _)| policy);
        policies.find(|policy| policy.limit == Limit::CallerRead).expect("it is set").clone()
    }

    fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    /// Never more than is published, and never much less than there is: all of the quota, and `share` of
    /// what comes back.
    async fn end(mut self, outages: u64, share: f64) {
        self.over.store(true, Ordering::Relaxed);
        self.shutdown.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("nobody panics");
        }
        let (passed, policy, time) = (self.passed(), self.policy(), self.began.elapsed());
        let most = policy.most_within(time) + outages * policy.most_per_outage();
        let back = f64::from(policy.rate.quota) / policy.rate.window.as_secs_f64();
        let least = f64::from(policy.rate.quota) + back * time.as_secs_f64() * share;
        println!("{outages} outages: {passed} passed in {time:?}; most {most}, least {least:.0}");
        assert!(passed <= most, "{passed} passed in {time:?}, and at most {most} may");
        assert!(passed as f64 >= least, "only {passed} passed in {time:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_together_keep_to_the_limit() {
    let redis = Redis::start().await;
    let mut replicas = Replicas::start(&redis).await;

    replicas.rush();
    tokio::time::sleep(Duration::from_secs(5)).await;

    replicas.end(0, 0.9).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_stands_still_opens_nothing() {
    let redis = Redis::start().await;
    let mut replicas = Replicas::start(&redis).await;
    replicas.rush();
    tokio::time::sleep(Duration::from_secs(1)).await;

    redis.pause();
    replicas.see(false).await;
    let before = replicas.passed();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let meanwhile = replicas.passed() - before;
    redis.resume();
    replicas.see(true).await;
    tokio::time::sleep(Duration::from_secs(2)).await;

    // Nobody is kept out for good either: the shares of all replicas are the limit.
    assert!(meanwhile >= 30, "only {meanwhile} passed while Redis stood still");
    replicas.end(1, 0.7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_killed_opens_nothing() {
    let mut redis = Redis::start().await;
    let mut replicas = Replicas::start(&redis).await;
    replicas.rush();
    tokio::time::sleep(Duration::from_secs(1)).await;

    redis.kill();
    replicas.see(false).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    redis.revive().await;
    replicas.see(true).await;
    tokio::time::sleep(Duration::from_secs(2)).await;

    replicas.end(1, 0.7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_loses_its_memory_opens_nothing() {
    let redis = Redis::start().await;
    let mut replicas = Replicas::start(&redis).await;
    replicas.rush();

    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        redis.flush().await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;

    replicas.end(4, 0.8).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_and_goes_opens_nothing() {
    let redis = Redis::start().await;
    let mut replicas = Replicas::start(&redis).await;
    replicas.rush();

    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        redis.pause();
        tokio::time::sleep(Duration::from_millis(700)).await;
        redis.resume();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;

    replicas.end(4, 0.5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_redis_each_replica_keeps_to_its_share() {
    let mut redis = Redis::start().await;
    let url = redis.url();
    redis.kill();
    let config = Config { replicas: 4, ..Config::default() };
    let link = RedisLink::try_new(&url.into(), redis_link::Config::default()).unwrap();
    let limiter = Limiter::shared(&config, link, Arc::new(Metrics::new()));

    let first = limiter.take(Limit::CallerSubmit, "amina", 1).await.unwrap();
    let second = limiter.take(Limit::CallerSubmit, "amina", 1).await.unwrap();

    // What was used before the start is not known, so that everybody begins with a single one.
    assert_eq!((first.is_allowed(), second.is_allowed()), (true, false));
    assert_eq!((first.name, first.rate.quota), ("caller-submit-share", 300));
}
