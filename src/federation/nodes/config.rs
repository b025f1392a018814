//! Who may register, and how long a node is believed without a sign of life.

use std::time::Duration;

use serde::Deserialize;

/// Nodes that register themselves.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether nodes may register, and be heard. Approval is always an operator's.
    pub enabled: bool,
    /// What nodes must write in `aud`, so that nothing signed for another gateway is taken here.
    /// `api.public_url` unless set, and `api.id` where that is not set either.
    pub audience: Option<String>,
    /// How long an approved node gets runs without a heartbeat. Longer forgives bad lines and notices
    /// dead nodes later.
    #[serde(with = "humantime_serde")]
    pub lease: Duration,
    /// How often nodes are asked to send a heartbeat.
    #[serde(with = "humantime_serde")]
    pub heartbeat: Duration,
    /// How often leases are looked at.
    #[serde(with = "humantime_serde")]
    pub sweep: Duration,
    /// How far the clocks of node and gateway may differ. What was signed later or earlier is refused.
    #[serde(with = "humantime_serde")]
    pub clock_skew: Duration,
    /// The longest time between `iat` and `exp` of what a node signs.
    #[serde(with = "humantime_serde")]
    pub max_proof_life: Duration,
    /// How long an invitation can be used, unless its operator says otherwise.
    #[serde(with = "humantime_serde")]
    pub invitation_life: Duration,
    /// How long at most.
    #[serde(with = "humantime_serde")]
    pub max_invitation_life: Duration,
    /// Registrations that may fail with one invitation. Then it is worthless.
    pub max_attempts: u32,
    /// Invitations that can be used at a time. A further one is refused.
    pub max_invitations: u32,
    /// Nodes that take part or ask to. A further registration is refused.
    pub max_nodes: u32,
    /// Signed requests that are checked at a time. A further one gets 503.
    pub max_concurrent: usize,
    /// The largest signed request, in bytes. A larger one is refused.
    pub max_body_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            enabled: true,
            audience: None,
            lease: Duration::from_secs(180),
            heartbeat: Duration::from_secs(45),
            sweep: Duration::from_secs(5),
            clock_skew: Duration::from_secs(60),
            max_proof_life: Duration::from_secs(300),
            invitation_life: Duration::from_secs(7 * 24 * 3600),
            max_invitation_life: Duration::from_secs(30 * 24 * 3600),
            max_attempts: 10,
            max_invitations: 1000,
            max_nodes: 10_000,
            max_concurrent: 16,
            max_body_bytes: 65_536,
        }
    }
}
