//! How services are watched, and for how long that is remembered.

use std::time::Duration;

use serde::Deserialize;

/// How services are watched, and for how long that is remembered.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long between two questions to a service that can be used.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
    /// How long between two questions to one that cannot. Shorter notices sooner that it is back.
    #[serde(with = "humantime_serde")]
    pub retry_interval: Duration,
    /// How long a service may take to answer. Longer forgives slow sites and notices dead ones later.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// Services that are asked at the same time at most. Further ones wait for their turn.
    pub max_probes: usize,
    /// How often what was seen is written down. After a crash, so much of it is missing at most.
    #[serde(with = "humantime_serde")]
    pub write_interval: Duration,
    /// How long every single answer is remembered, at least a day.
    #[serde(with = "humantime_serde")]
    pub detail_for: Duration,
    /// How long it is remembered by the hour.
    #[serde(with = "humantime_serde")]
    pub hourly_for: Duration,
    /// How long it is remembered by the day, and how long incidents are.
    #[serde(with = "humantime_serde")]
    pub daily_for: Duration,
}

impl Config {
    /// What makes no sense, as a key and words for people.
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        const DAY: Duration = Duration::from_secs(24 * 3600);
        let checks = [
            (self.max_probes == 0, "max_probes", "it is at least 1"),
            (self.timeout.is_zero(), "timeout", "it is longer than nothing"),
            (self.write_interval.is_zero(), "write_interval", "it is longer than nothing"),
            (self.detail_for < DAY, "detail_for", "it is at least 24h"),
            (self.hourly_for < self.detail_for, "hourly_for", "it is shorter than detail_for"),
            (self.daily_for < self.hourly_for, "daily_for", "it is shorter than hourly_for"),
        ];
        checks.into_iter().filter(|check| check.0).map(|(_, key, why)| (key, why)).collect()
    }
}

impl Default for Config {
    fn default() -> Self {
        const DAY: u64 = 24 * 3600;
        Self {
            interval: Duration::from_secs(60),
            retry_interval: Duration::from_secs(10),
            timeout: Duration::from_secs(10),
            max_probes: 1024,
            write_interval: Duration::from_secs(60),
            detail_for: Duration::from_secs(2 * DAY),
            hourly_for: Duration::from_secs(14 * DAY),
            daily_for: Duration::from_secs(90 * DAY),
        }
    }
}
