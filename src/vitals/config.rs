//! When a service is left alone, and how much it gets at a time.

use std::time::Duration;

use serde::Deserialize;

/// When a service is left alone, and how much it gets at a time.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Calls that one service gets at a time, unless its record says otherwise. Further reads wait,
    /// further submissions go elsewhere; a quarter of the places is kept for reads.
    pub max_in_flight: usize,
    /// How long a read waits for a place. Beyond it the service counts as busy for that read.
    #[serde(with = "humantime_serde")]
    pub slot_wait: Duration,
    /// Failures in a row that open the circuit.
    pub max_failures: u32,
    /// The time over which successes and failures are counted.
    #[serde(with = "humantime_serde")]
    pub window: Duration,
    /// Share of the calls within the window that must succeed. Below it the circuit opens.
    pub min_success_rate: f32,
    /// Calls within the window before that share means anything.
    pub min_samples: u32,
    /// How long an open circuit keeps calls away at first. Each further time doubles it.
    #[serde(with = "humantime_serde")]
    pub open_for: Duration,
    /// How long an open circuit keeps calls away at most.
    #[serde(with = "humantime_serde")]
    pub max_open: Duration,
    /// How long a service's own wish to be left alone (`Retry-After`) is honoured at most.
    #[serde(with = "humantime_serde")]
    pub max_retry_after: Duration,
    /// How long a service may take to answer, on average, before it is called slow. It is used all the
    /// same.
    #[serde(with = "humantime_serde")]
    pub slow_after: Duration,
    /// How long a circuit must stay closed before its former openings are forgotten. One that opens
    /// sooner is kept open for longer each time; openings are counted over this time.
    #[serde(with = "humantime_serde")]
    pub forgive_after: Duration,
}

impl Config {
    /// The most calls at a time that may be configured.
    pub const MOST_IN_FLIGHT: usize = 100_000;

    /// What makes no sense, as a key and words for people.
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let checks = [
            (self.max_in_flight == 0, "max_in_flight", "it is at least 1"),
            (self.max_failures == 0, "max_failures", "it is at least 1"),
            (self.min_samples == 0, "min_samples", "it is at least 1"),
            (self.window.is_zero(), "window", "it is longer than nothing"),
            (self.forgive_after.is_zero(), "forgive_after", "it is longer than nothing"),
            (self.open_for.is_zero(), "open_for", "it is longer than nothing"),
            (self.open_for > self.max_open, "open_for", "it is longer than circuit.max_open"),
            (
                !(0.0..=1.0).contains(&self.min_success_rate),
                "min_success_rate",
                "it is a share between 0 and 1",
            ),
        ];
        checks.into_iter().filter(|check| check.0).map(|(_, key, why)| (key, why)).collect()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_in_flight: 64,
            slot_wait: Duration::from_secs(1),
            max_failures: 5,
            window: Duration::from_secs(60),
            min_success_rate: 0.5,
            min_samples: 20,
            open_for: Duration::from_secs(5),
            max_open: Duration::from_secs(60),
            max_retry_after: Duration::from_secs(10 * 60),
            slow_after: Duration::from_secs(5),
            forgive_after: Duration::from_secs(10 * 60),
        }
    }
}
