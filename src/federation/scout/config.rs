//! `[discovery]`: how far and how long addresses are looked at that others name.

use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;

use crate::backend::client::{self, Guard};

/// Which addresses may be looked at, and for how long.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Networks beyond the internet that may be asked, such as `10.0.0.0/8`. An address where a cloud
    /// keeps a machine's own secrets is asked only if it is listed alone, as `/32` or `/128`.
    pub allow_networks: Vec<IpNet>,
    /// Names that may stand for addresses in any network, but for those secrets.
    pub allow_hosts: Vec<String>,
    /// How long a discovery or a test of a connection may take. What is known by then is told.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// How long one answer may take, and a connection.
    #[serde(with = "humantime_serde")]
    pub answer_timeout: Duration,
    /// The longest answer that is read; a longer one is refused.
    pub max_answer_bytes: usize,
    /// Addresses that are looked at in one discovery; further ones are only named.
    pub max_services: usize,
    /// Registries within registries that are followed.
    pub max_depth: usize,
    /// Discoveries and tests at once. A further one gets 503.
    pub max_at_once: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            allow_networks: Vec::new(),
            allow_hosts: Vec::new(),
            timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_secs(10),
            max_answer_bytes: 2 * 1024 * 1024,
            max_services: 50,
            max_depth: 2,
            max_at_once: 8,
        }
    }
}

impl Config {
    /// The guard for addresses that others name.
    pub fn guard(&self) -> Guard {
        Guard::new(self.allow_networks.clone(), self.allow_hosts.clone())
    }

    /// The bounds of calls, none of them wider than those of calls to services.
    pub(super) fn bounded(&self, calls: &client::Config) -> client::Config {
        client::Config {
            connect_timeout: calls.connect_timeout.min(self.answer_timeout),
            answer_timeout: calls.answer_timeout.min(self.answer_timeout),
            submit_timeout: calls.submit_timeout.min(self.answer_timeout),
            stall_timeout: calls.stall_timeout.min(self.answer_timeout),
            max_answer_bytes: calls.max_answer_bytes.min(self.max_answer_bytes),
            ..calls.clone()
        }
    }
}
