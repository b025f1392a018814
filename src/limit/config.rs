//! What an operator may decide about limits.

use std::{collections::BTreeMap, time::Duration};

use ipnet::IpNet;
use serde::Deserialize;

use super::{Limit, Policy, Rate, rate::optional};

/// Limits. Each holds for all replicas together.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Gateways that share the limits. Without Redis, and while it cannot be reached, each keeps to its
    /// part of them.
    pub replicas: u32,
    /// How many are remembered for each limit. Beyond it those are forgotten that are nearest to having
    /// everything again.
    pub max_keys: usize,
    /// How much of a quota a replica takes from Redis at a time, and how much at most. More asks Redis
    /// less often, and lets `replicas` times as much pass too much.
    pub lease_share: f64,
    /// See `lease_share`.
    pub max_lease: u32,
    /// Proxies whose `X-Forwarded-For` is believed. Nobody's, unless listed.
    pub trusted_proxies: Vec<IpNet>,
    /// For addresses.
    pub address: AddressRates,
    /// For each caller.
    pub caller: CallerRates,
    /// For the callers of an institution together.
    pub institution: InstitutionRates,
    /// For each service.
    pub service: ServiceRates,
    /// How the places for submissions are shared.
    pub submissions: Submissions,
}

/// What an address gets, before it is known who asks. An IPv6 address counts by its /64.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AddressRates {
    /// Requests without a credential, or with one that was not seen good lately.
    #[serde(deserialize_with = "optional")]
    pub unknown: Option<Rate>,
    /// Credentials that were refused. Then only credentials that were seen good lately are looked at.
    #[serde(deserialize_with = "optional")]
    pub refused: Option<Rate>,
    /// Attempts to log in or to join. Nothing else counts here, so nothing else locks anybody out.
    #[serde(deserialize_with = "optional")]
    pub login: Option<Rate>,
}

/// What callers get.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallerRates {
    /// Reading. Long lists cost more than one.
    #[serde(deserialize_with = "optional")]
    pub read: Option<Rate>,
    /// Submitting runs.
    #[serde(deserialize_with = "optional")]
    pub submit: Option<Rate>,
    /// Changes, and what the gateway looks at for a caller, which costs ten.
    #[serde(deserialize_with = "optional")]
    pub admin: Option<Rate>,
}

/// What the callers of an institution get together.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InstitutionRates {
    /// Reading.
    #[serde(deserialize_with = "optional")]
    pub read: Option<Rate>,
    /// Submitting runs.
    #[serde(deserialize_with = "optional")]
    pub submit: Option<Rate>,
    /// Changes, and what the gateway looks at for a caller.
    #[serde(deserialize_with = "optional")]
    pub admin: Option<Rate>,
}

/// What a service is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceRates {
    /// Files that are read from it.
    #[serde(deserialize_with = "optional")]
    pub read: Option<Rate>,
    /// Submissions that it is sent. Beyond it runs go elsewhere.
    #[serde(deserialize_with = "optional")]
    pub submit: Option<Rate>,
}

/// How the places for submissions are shared.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Submissions {
    /// How much of `gateway.max_submissions` one institution may hold; a caller without one counts as one.
    pub max_share: f64,
    /// How long a submission waits for a place. Then it is told to come back.
    #[serde(with = "humantime_serde")]
    pub wait: Duration,
    /// How many wait at most for one institution. A further one is told to come back at once.
    pub max_waiting: usize,
    /// Institutions that get more or less than others, which have 1.
    pub weights: BTreeMap<String, f64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            replicas: 1,
            max_keys: 100_000,
            lease_share: 0.02,
            max_lease: 50,
            trusted_proxies: Vec::new(),
            address: AddressRates::default(),
            caller: CallerRates::default(),
            institution: InstitutionRates::default(),
            service: ServiceRates::default(),
            submissions: Submissions::default(),
        }
    }
}

impl Default for AddressRates {
    fn default() -> Self {
        Self {
            unknown: Some(Rate::per_minute(6000)),
            refused: Some(Rate::per_minute(300)),
            login: Some(Rate::per_minute(300)),
        }
    }
}

impl Default for CallerRates {
    fn default() -> Self {
        Self {
            read: Some(Rate::per_minute(6000)),
            submit: Some(Rate::per_minute(1200)),
            admin: Some(Rate::per_minute(1200)),
        }
    }
}

impl Default for InstitutionRates {
    /// As much as ten busy callers.
    fn default() -> Self {
        Self {
            read: Some(Rate::per_minute(60_000)),
            submit: Some(Rate::per_minute(12_000)),
            admin: Some(Rate::per_minute(12_000)),
        }
    }
}

impl Default for ServiceRates {
    fn default() -> Self {
        Self { read: Some(Rate::per_minute(6000)), submit: Some(Rate::per_minute(1200)) }
    }
}

impl Default for Submissions {
    fn default() -> Self {
        Self {
            max_share: 0.5,
            wait: Duration::from_secs(5),
            max_waiting: 64,
            weights: BTreeMap::new(),
        }
    }
}

impl Config {
    /// What is wrong, each with its key.
    pub fn problems(&self) -> Vec<(String, String)> {
        let mut problems = Vec::new();
        let mut problem = |key: &str, why: &str| problems.push((key.to_owned(), why.to_owned()));
        if self.replicas == 0 {
            problem("replicas", "it must be more than 0");
        }
        if self.max_keys == 0 {
            problem("max_keys", "it must be more than 0");
        }
        if !(0.0..=1.0).contains(&self.lease_share) {
            problem("lease_share", "it is a share, from 0 to 1");
        }
        if self.max_lease == 0 {
            problem("max_lease", "it must be more than 0");
        }
        let places = &self.submissions;
        if !(places.max_share > 0.0 && places.max_share <= 1.0) {
            problem("submissions.max_share", "it is a share, more than 0 and at most 1");
        }
        if !places.weights.values().all(|weight| weight.is_finite() && *weight > 0.0) {
            problem("submissions.weights", "a weight is more than 0");
        }
        for policy in self.policies() {
            if policy.rate.quota < self.replicas {
                let key = policy.limit.name().replace('-', ".");
                problem(&key, "it leaves less than one to each of the replicas");
            }
        }
        problems
    }

    /// The limits that are set.
    pub(super) fn policies(&self) -> Vec<Policy> {
        let rates = [
            (Limit::AddressUnknown, self.address.unknown),
            (Limit::AddressRefused, self.address.refused),
            (Limit::AddressLogin, self.address.login),
            (Limit::CallerRead, self.caller.read),
            (Limit::CallerSubmit, self.caller.submit),
            (Limit::CallerAdmin, self.caller.admin),
            (Limit::InstitutionRead, self.institution.read),
            (Limit::InstitutionSubmit, self.institution.submit),
            (Limit::InstitutionAdmin, self.institution.admin),
            (Limit::ServiceRead, self.service.read),
            (Limit::ServiceSubmit, self.service.submit),
        ];
        let policies = rates.into_iter().filter_map(|(limit, rate)| Some((limit, rate?)));
        policies.map(|(limit, rate)| self.policy(limit, rate)).collect()
    }

    fn policy(&self, limit: Limit, rate: Rate) -> Policy {
        let lease = (f64::from(rate.quota) * self.lease_share) as u32;
        Policy { limit, rate, replicas: self.replicas, lease: lease.min(self.max_lease).max(1) }
    }
}
