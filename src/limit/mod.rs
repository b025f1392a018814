//! How much each may ask for: rates (GCRA) and places for submissions, so that nobody starves the others.
//!
//! Without Redis a limit holds for this process. With it, it holds for all replicas together, up to the
//! bound that [`Policy::error_bound`] publishes; while Redis cannot be reached, each replica keeps to its
//! own share of the limit, and none of them ever lets everybody in.

mod config;
mod keyed;
mod local;
mod places;
mod policy;
mod rate;
mod shared;
mod standing;

#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use self::{
    keyed::Keyed,
    local::{Local, SinceStart},
    shared::{BEAT, Leases, Shared},
};
use crate::{redis_link::RedisLink, telemetry::Metrics};

pub use self::{
    config::{AddressRates, CallerRates, Config, InstitutionRates, ServiceRates, Submissions},
    places::{NoPlace, Place, Places, Share},
    policy::{Limit, Policy},
    rate::{NotARate, Rate},
    standing::Standing,
};

/// How often state is forgotten that is as good as none.
const TIDY: Duration = Duration::from_secs(30);

/// Says who may go on.
#[derive(Debug)]
pub struct Limiter {
    rules: Vec<Rule>,
    replicas: u32,
    shared: Option<Shared>,
    /// The last outage of Redis that is known here. Held while everybody begins anew with a single one, so
    /// that nobody is let in before.
    outage: Mutex<u64>,
    clock: SinceStart,
    metrics: Arc<Metrics>,
}

/// A limit in force, and what is remembered for it.
#[derive(Debug)]
struct Rule {
    policy: Policy,
    /// This replica's share of it; all of it, where there is no other one.
    local: Local,
    leases: Leases,
    /// Until when somebody is refused without another look.
    blocked: Keyed,
}

impl Limiter {
    /// The limits of a configuration, each for this process alone: its share, if there are replicas.
    pub fn new(config: &Config, metrics: Arc<Metrics>) -> Self {
        Self::build(config, None, metrics)
    }

    /// The limits of a configuration, shared by all replicas through Redis.
    pub fn shared(config: &Config, link: Arc<RedisLink>, metrics: Arc<Metrics>) -> Self {
        Self::build(config, Some(link), metrics)
    }

    fn build(config: &Config, link: Option<Arc<RedisLink>>, metrics: Arc<Metrics>) -> Self {
        let clock = SinceStart::new();
        let rules = config.policies().into_iter().map(|policy| Rule {
            local: Local::new(policy.name_of_share(), policy.share(), clock, config.max_keys),
            blocked: Keyed::new(config.max_keys),
            leases: Leases::new(clock, config.max_keys),
            policy,
        });
        let (rules, shared) = (rules.collect(), link.map(Shared::new));
        let replicas = config.replicas;
        Self { rules, replicas, shared, outage: Mutex::new(0), clock, metrics }
    }

    /// Takes `cost` for `key`, or says when it can be had. `None`: nothing limits this.
    pub async fn take(&self, limit: Limit, key: &str, cost: u32) -> Option<Standing> {
        let rule = self.rule(limit)?;
        // What costs more than there ever is at once could never be had.
        let cost = cost.clamp(1, rule.policy.rate.quota);
        let standing = match &self.shared {
            None => rule.local.take(key, cost),
            Some(shared) => match shared.take(&rule.policy, &rule.leases, key, cost).await {
                Ok(standing) => standing,
                Err(_) => self.take_of_share(rule, shared.link(), key, cost),
            },
        };
        self.metrics.limit_decision(limit.name(), standing.is_allowed());
        Some(standing)
    }

    /// While Redis is away, everybody begins with a single one: what was used before is not known here.
    fn take_of_share(&self, rule: &Rule, link: &RedisLink, key: &str, cost: u32) -> Standing {
        let mut known = self.outage.lock().expect("no holder panics");
        let outage = link.outages();
        if *known != outage {
            for rule in &self.rules {
                rule.local.begin_short();
            }
            *known = outage;
        }
        drop(known);
        rule.local.take(key, cost)
    }

    /// Takes one for something that has happened already, and blocks `key` once there is no more.
    pub async fn count(&self, limit: Limit, key: &str) {
        let Some(standing) = self.take(limit, key, 1).await else { return };
        if let (Some(rule), Some(wait)) = (self.rule(limit), standing.next()) {
            let wait = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
            rule.blocked.set(key, self.clock.nanos().saturating_add(wait));
        }
    }

    /// How a key stands that is refused without another look, if it is.
    pub fn blocked(&self, limit: Limit, key: &str) -> Option<Standing> {
        let rule = self.rule(limit)?;
        let wait =
            rule.blocked.get(key)?.checked_sub(self.clock.nanos()).filter(|left| *left > 0)?;
        self.metrics.limit_decision(limit.name(), false);
        let retry_after = Some(Duration::from_nanos(wait));
        let (name, rate) = (limit.name(), rule.policy.rate);
        Some(Standing { name, rate, remaining: 0, retry_after })
    }

    /// The limits in force, each with the number of those for whom something is remembered.
    pub fn policies(&self) -> impl Iterator<Item = (&Policy, usize)> {
        self.rules.iter().map(|rule| (&rule.policy, rule.local.len() + rule.leases.len()))
    }

    /// Those who used most of a limit, with what is left to each, as far as this replica knows.
    pub fn busiest(&self, limit: Limit, count: usize) -> Vec<(String, u32)> {
        let Some(rule) = self.rule(limit) else { return Vec::new() };
        if self.is_shared() == Some(true) {
            rule.leases.busiest(&rule.policy, count)
        } else {
            rule.local.busiest(count)
        }
    }

    /// Gateways that share the limits.
    pub fn replicas(&self) -> u32 {
        self.replicas
    }

    /// Whether the replicas share their limits now; `None` if they never do.
    pub fn is_shared(&self) -> Option<bool> {
        self.shared.as_ref().map(|shared| shared.link().is_up())
    }

    /// Forgets what is as good as not remembered, until told to end.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut tidy = tokio::time::interval(TIDY);
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tidy.tick() => self.tidy(),
                _ = beat.tick(), if self.shared.is_some() => {
                    if let Some(shared) = &self.shared {
                        shared.beat().await;
                        self.metrics.limits_shared(shared.link().is_up());
                    }
                }
                () = shutdown.cancelled() => return,
            }
        }
    }

    fn tidy(&self) {
        for rule in &self.rules {
            rule.local.tidy();
            rule.leases.tidy(rule.policy.rate.window);
            rule.blocked.forget(self.clock.nanos());
        }
    }

    fn rule(&self, limit: Limit) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.policy.limit == limit)
    }
}
