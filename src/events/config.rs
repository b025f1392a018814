//! How much is kept for listeners, and how many there may be.

use std::time::Duration;

use serde::Deserialize;

/// How events are kept and told. Every bound says what happens at it.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Events kept for listeners that are behind or come back. One that is further behind is told to
    /// resync, and nothing waits for it.
    pub capacity: usize,
    /// Listeners at once; a further one is answered with 503. Each holds one of
    /// `server.max_connections`.
    pub max_listeners: usize,
    /// Listeners at once of one caller; a further one is answered with 429.
    pub max_listeners_per_caller: usize,
    /// How long a stream of events may be silent before a comment shows that it lives, so that proxies
    /// keep it.
    #[serde(with = "humantime_serde")]
    pub heartbeat: Duration,
    /// How often a websocket is pinged; one that does not answer until the next time is closed.
    #[serde(with = "humantime_serde")]
    pub ping_interval: Duration,
    /// How often a listener's credential is looked at again. The end of a token ends its listener in
    /// any case; a withdrawn key does so after this time and `auth.cache_ttl`.
    #[serde(with = "humantime_serde")]
    pub recheck_interval: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            capacity: 4096,
            max_listeners: 8000,
            max_listeners_per_caller: 100,
            heartbeat: Duration::from_secs(15),
            ping_interval: Duration::from_secs(20),
            recheck_interval: Duration::from_secs(60),
        }
    }
}
