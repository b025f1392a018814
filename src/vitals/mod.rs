//! The live condition of one service: what its circuit allows, what is in flight, how fast it answers.
//!
//! Fed by every call, whoever makes it. The one part of a registry's snapshot that moves under its reader.

use serde::Deserialize;

/// When a service is left alone, and how much it gets at a time.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Calls that one service gets at a time, unless its record says otherwise.
    pub max_in_flight: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { max_in_flight: 64 }
    }
}

/// The live condition of one service.
#[derive(Debug)]
pub struct Vitals {}

impl Vitals {
    /// A service about which nothing is known yet: its circuit is closed.
    pub fn new(_config: &Config, _max_in_flight: Option<usize>) -> Self {
        Self {}
    }
}
