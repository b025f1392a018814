//! What an operator may decide about the way to Redis.

use std::time::Duration;

use serde::Deserialize;

/// The way to Redis.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long one call may take. Then Redis counts as away, and nobody waits for it until it answers
    /// again.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// How often it is looked whether Redis, which was away, is back.
    #[serde(with = "humantime_serde")]
    pub retry_interval: Duration,
    /// What every key begins with. Gateways of one federation share it, and others have another one.
    pub prefix: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(50),
            retry_interval: Duration::from_millis(250),
            prefix: "ga4gh-gateway".to_owned(),
        }
    }
}

impl Config {
    /// What is wrong, each with its key.
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let mut problems = Vec::new();
        if self.timeout.is_zero() {
            problems.push(("timeout", "it must be more than 0"));
        }
        if self.retry_interval.is_zero() {
            problems.push(("retry_interval", "it must be more than 0"));
        }
        // Braces keep the keys of one limiter in one slot of a cluster; others would part them.
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-:".contains(c);
        if self.prefix.is_empty() || !self.prefix.chars().all(fits) {
            problems.push(("prefix", "it is letters, digits and `._-:`"));
        }
        problems
    }
}
