//! One rule: what it looks for, where, and how patiently.

use std::{collections::BTreeSet, time::Duration};

use serde::Deserialize;

use super::{Facts, Severity};
use crate::domain::ServiceId;

/// What a rule looks for, as the configuration names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// The service cannot be used.
    ServiceDown,
    /// Too many calls fail.
    FailureRate,
    /// Answers take too long.
    SlowResponses,
    /// The circuit opens again and again.
    CircuitFlapping,
    /// The gateway's credential expires.
    CredentialExpiring,
    /// The service's certificate expires.
    CertificateExpiring,
    /// Credentials that callers have entered for the service expire.
    CallerCredentialExpiring,
}

/// A rule in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What it looks for.
    pub condition: Condition,
    /// Whether it looks at all.
    pub enabled: bool,
    /// How bad it is.
    pub severity: Severity,
    /// How long it must last before an alert is raised.
    pub r#for: Duration,
    /// How long it must be over before the alert is resolved.
    pub clear_after: Duration,
    /// Only these services; all, if empty.
    pub services: BTreeSet<ServiceId>,
    /// Only services of these kinds; all, if empty.
    pub kinds: BTreeSet<String>,
}

/// What a rule looks for, with its bounds.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The service cannot be used.
    Down,
    /// More than this share of at least so many calls failed.
    FailureRate {
        /// The share, from 0 to 1.
        above: f32,
        /// Fewer calls mean nothing.
        min_samples: u32,
    },
    /// An answer takes longer than this on average.
    Slow {
        /// The bound.
        above: Duration,
    },
    /// The circuit opened so often within its window.
    Flapping {
        /// How often.
        openings: u32,
    },
    /// The gateway's credential expires within one of these, the longest first.
    CredentialExpiring {
        /// The steps.
        within: Vec<Duration>,
    },
    /// The service's certificate expires within one of these, the longest first.
    CertificateExpiring {
        /// The steps.
        within: Vec<Duration>,
    },
    /// The first of the credentials that callers have entered expires within one of these, the longest
    /// first.
    CallerCredentialExpiring {
        /// The steps.
        within: Vec<Duration>,
    },
}

impl When {
    /// Every condition.
    pub(super) const ALL: [Self; 7] = [
        Self::ServiceDown,
        Self::FailureRate,
        Self::SlowResponses,
        Self::CircuitFlapping,
        Self::CredentialExpiring,
        Self::CertificateExpiring,
        Self::CallerCredentialExpiring,
    ];

    /// The word in the configuration and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServiceDown => "service_down",
            Self::FailureRate => "failure_rate",
            Self::SlowResponses => "slow_responses",
            Self::CircuitFlapping => "circuit_flapping",
            Self::CredentialExpiring => "credential_expiring",
            Self::CertificateExpiring => "certificate_expiring",
            Self::CallerCredentialExpiring => "caller_credential_expiring",
        }
    }
}

impl Condition {
    /// The word in the configuration and in the API.
    pub fn when(&self) -> When {
        match self {
            Self::Down => When::ServiceDown,
            Self::FailureRate { .. } => When::FailureRate,
            Self::Slow { .. } => When::SlowResponses,
            Self::Flapping { .. } => When::CircuitFlapping,
            Self::CredentialExpiring { .. } => When::CredentialExpiring,
            Self::CertificateExpiring { .. } => When::CertificateExpiring,
            Self::CallerCredentialExpiring { .. } => When::CallerCredentialExpiring,
        }
    }
}

impl Rule {
    /// Whether the rule is about this service.
    pub fn covers(&self, facts: &Facts) -> bool {
        self.enabled
            && (self.services.is_empty() || self.services.contains(&facts.service))
            && (self.kinds.is_empty() || self.kinds.contains(&facts.kind))
    }

    /// What its alerts about a service are about.
    pub fn subject(&self, service: &ServiceId) -> String {
        let what = match self.condition {
            Condition::Down
            | Condition::FailureRate { .. }
            | Condition::Slow { .. }
            | Condition::Flapping { .. } => "service",
            Condition::CredentialExpiring { .. } => "credential",
            Condition::CertificateExpiring { .. } => "certificate",
            Condition::CallerCredentialExpiring { .. } => "caller-credentials",
        };
        format!("{what}/{service}")
    }
}
