//! Limits that all replicas share, through Redis: each takes tokens in batches, and spends them by itself.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use redis::Script;
use ring::digest::{SHA256, digest};

use super::{Policy, Standing, keyed::Keyed, local::SinceStart};
use crate::redis_link::{Away, RedisLink};

/// How long an epoch may go without a sign of any replica. Longer lets more pass after an outage of Redis.
const UNSEEN: Duration = Duration::from_secs(2);
/// How often each replica shows that it is there.
pub(super) const BEAT: Duration = Duration::from_millis(500);
/// Those who ask Redis for one key at a time: one of them, and so that few others wait.
const STRIPES: usize = 64;

/// What the replicas share.
#[derive(Debug)]
pub(super) struct Shared {
    link: Arc<RedisLink>,
    script: Script,
    epoch: String,
    hasher: RandomState,
    /// Whoever asks for a key holds its stripe for one call, which is bounded by the link: so a replica
    /// never holds more than one lease of a bucket.
    stripes: Vec<tokio::sync::Mutex<()>>,
}

/// What a replica holds in hand of one limit.
#[derive(Debug)]
pub(super) struct Leases {
    clock: SinceStart,
    max_keys: usize,
    /// Guards what is held; locked for one look and one change.
    held: Mutex<HashMap<String, Lease>>,
    /// Until when Redis need not be asked, since it had nothing.
    empty_until: Keyed,
}

#[derive(Debug, Clone, Copy, Default)]
struct Lease {
    tokens: u32,
    /// Tokens that were left in Redis.
    left: u32,
    /// When it was taken, in nanoseconds.
    at: u64,
}

impl Leases {
    pub(super) fn new(clock: SinceStart, max_keys: usize) -> Self {
        Self { clock, max_keys, held: Mutex::default(), empty_until: Keyed::new(max_keys) }
    }

    /// Spends of what is in hand.
    fn spend(&self, policy: &Policy, key: &str, cost: u32) -> Option<Standing> {
        let mut held = self.held();
        let lease = held.get_mut(key).filter(|lease| lease.tokens >= cost)?;
        lease.tokens -= cost;
        Some(standing(policy, lease.tokens.saturating_add(lease.left), None))
    }

    /// Nothing was there a moment ago, and nothing can be by now.
    fn still_empty(&self, policy: &Policy, key: &str) -> Option<Standing> {
        let left = self.empty_until.get(key)?.checked_sub(self.clock.nanos())?;
        (left > 0).then(|| standing(policy, 0, Some(Duration::from_nanos(left))))
    }

    fn in_hand(&self, key: &str) -> u32 {
        self.held().get(key).map_or(0, |lease| lease.tokens)
    }

    /// Adds what Redis gave, and spends of it.
    fn add(&self, key: &str, given: u32, left: u32, cost: u32) -> u32 {
        let mut held = self.held();
        if held.len() >= self.max_keys && !held.contains_key(key) {
            // What was in hand is lost, so that less passes than might.
            held.clear();
        }
        let lease = held.entry(key.to_owned()).or_default();
        let tokens = (lease.tokens + given).saturating_sub(cost);
        *lease = Lease { tokens, left, at: self.clock.nanos() };
        tokens
    }

    /// Forgets what was taken so long ago that the bucket is full again.
    pub(super) fn tidy(&self, window: Duration) {
        let now = self.clock.nanos();
        let window = u64::try_from(window.as_nanos()).unwrap_or(u64::MAX);
        let mut held = self.held();
        held.retain(|_, lease| now.saturating_sub(lease.at) < window);
        if held.capacity() > 4 * held.len() + 64 {
            held.shrink_to_fit();
        }
        self.empty_until.forget(now);
    }

    pub(super) fn len(&self) -> usize {
        self.held().len()
    }

    /// Those who have least left, as far as this replica knows.
    pub(super) fn busiest(&self, policy: &Policy, count: usize) -> Vec<(String, u32)> {
        let held = self.held();
        let left = held.iter().map(|(key, lease)| (key.clone(), lease.tokens + lease.left));
        let mut left: Vec<_> = left.filter(|(_, left)| *left < policy.rate.quota).collect();
        left.sort_by(|(a, one), (b, other)| one.cmp(other).then_with(|| a.cmp(b)));
        left.truncate(count);
        left
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Lease>> {
        self.held.lock().expect("no holder panics")
    }
}

impl Shared {
    pub(super) fn new(link: Arc<RedisLink>) -> Self {
        // The braces keep all keys in one slot of a cluster, as a script needs it.
        let epoch = format!("{{{}:limit}}", link.prefix());
        Self {
            link,
            script: Script::new(include_str!("lease.lua")),
            epoch,
            hasher: RandomState::new(),
            stripes: (0..STRIPES).map(|_| tokio::sync::Mutex::default()).collect(),
        }
    }

    pub(super) fn link(&self) -> &RedisLink {
        &self.link
    }

    /// Shows that this replica is there.
    pub(super) async fn beat(&self) {
        let mut call = self.script.key(&self.epoch);
        call.arg(UNSEEN.as_micros() as u64);
        // What went wrong is known to the link.
        let _: Result<Vec<i64>, Away> = self.link.call(&call).await;
    }

    /// Takes `cost`, out of what is in hand or with a new batch.
    pub(super) async fn take(
        &self,
        policy: &Policy,
        leases: &Leases,
        key: &str,
        cost: u32,
    ) -> Result<Standing, Away> {
        if let Some(standing) = leases.spend(policy, key, cost) {
            return Ok(standing);
        }
        if !self.link.is_up() {
            return Err(Away);
        }
        if let Some(standing) = leases.still_empty(policy, key) {
            return Ok(standing);
        }
        let stripe = (self.hasher.hash_one(key) % STRIPES as u64) as usize;
        let _turn = self.stripes[stripe].lock().await;
        // Whoever had the turn before may have brought enough for more than itself, or nothing.
        let known = leases.spend(policy, key, cost).or_else(|| leases.still_empty(policy, key));
        if let Some(standing) = known {
            return Ok(standing);
        }
        let least = cost - leases.in_hand(key).min(cost);
        let (given, left, wait) = self.ask(policy, key, least).await?;
        if given < least {
            if cost == 1 {
                let until = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
                leases.empty_until.set(key, leases.clock.nanos().saturating_add(until));
            }
            let remaining = left.saturating_add(leases.in_hand(key));
            return Ok(standing(policy, remaining, Some(wait)));
        }
        let in_hand = leases.add(key, given, left, cost);
        Ok(standing(policy, in_hand.saturating_add(left), None))
    }

    async fn ask(
        &self,
        policy: &Policy,
        key: &str,
        least: u32,
    ) -> Result<(u32, u32, Duration), Away> {
        let interval = policy.rate.window.as_secs_f64() * 1e6 / f64::from(policy.rate.quota);
        let mut call = self.script.key(&self.epoch);
        call.key(self.bucket(policy, key));
        call.arg(UNSEEN.as_micros() as u64).arg(interval).arg(policy.rate.quota);
        call.arg(least).arg(least.max(policy.lease));
        let (given, left, wait): (u32, u32, u64) = self.link.call(&call).await?;
        // At least a moment, so that nobody asks again at once.
        Ok((given, left, Duration::from_micros(wait.max(1))))
    }

    /// The key of a bucket. Names of callers do not leave the gateway.
    fn bucket(&self, policy: &Policy, key: &str) -> String {
        use std::fmt::Write;

        let mut name = format!("{}:{}:", self.epoch, policy.limit.name());
        for byte in &digest(&SHA256, key.as_bytes()).as_ref()[..16] {
            write!(name, "{byte:02x}").expect("text is written to memory");
        }
        name
    }
}

fn standing(policy: &Policy, remaining: u32, retry_after: Option<Duration>) -> Standing {
    Standing { name: policy.limit.name(), rate: policy.rate, remaining, retry_after }
}
