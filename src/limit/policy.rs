//! What is limited, and by how much.

use std::time::Duration;

use super::Rate;

/// How long an outage of Redis may be without Redis' knowing of it, and how long until the replicas know
/// that it is over.
const UNNOTICED: Duration = Duration::from_secs(3);

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Requests from an address that show no credential, or one that is not known yet.
    AddressUnknown,
    /// Credentials from an address that were refused.
    AddressRefused,
    /// Attempts from an address to log in, or to join.
    AddressLogin,
    /// What a caller reads.
    CallerRead,
    /// What a caller submits.
    CallerSubmit,
    /// What a caller changes or has looked at by the gateway.
    CallerAdmin,
    /// What an institution's callers read.
    InstitutionRead,
    /// What an institution's callers submit.
    InstitutionSubmit,
    /// What an institution's callers change or have looked at by the gateway.
    InstitutionAdmin,
    /// Files that are read from a service.
    ServiceRead,
    /// Submissions that a service is sent.
    ServiceSubmit,
}

impl Limit {
    /// The name of its policy.
    pub fn name(self) -> &'static str {
        match self {
            Self::AddressUnknown => "address-unknown",
            Self::AddressRefused => "address-refused",
            Self::AddressLogin => "address-login",
            Self::CallerRead => "caller-read",
            Self::CallerSubmit => "caller-submit",
            Self::CallerAdmin => "caller-admin",
            Self::InstitutionRead => "institution-read",
            Self::InstitutionSubmit => "institution-submit",
            Self::InstitutionAdmin => "institution-admin",
            Self::ServiceRead => "service-read",
            Self::ServiceSubmit => "service-submit",
        }
    }

    /// The name of its policy while this replica keeps to its own share.
    pub fn share_name(self) -> &'static str {
        match self {
            Self::AddressUnknown => "address-unknown-share",
            Self::AddressRefused => "address-refused-share",
            Self::AddressLogin => "address-login-share",
            Self::CallerRead => "caller-read-share",
            Self::CallerSubmit => "caller-submit-share",
            Self::CallerAdmin => "caller-admin-share",
            Self::InstitutionRead => "institution-read-share",
            Self::InstitutionSubmit => "institution-submit-share",
            Self::InstitutionAdmin => "institution-admin-share",
            Self::ServiceRead => "service-read-share",
            Self::ServiceSubmit => "service-submit-share",
        }
    }
}

/// A limit with its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What is limited.
    pub limit: Limit,
    /// How much there is at once, and the time in which all of it comes back.
    pub rate: Rate,
    /// Gateways that share it.
    pub replicas: u32,
    /// How much a replica takes from Redis at a time.
    pub lease: u32,
}

impl Policy {
    /// The share of one replica.
    pub fn share(&self) -> Rate {
        Rate { quota: (self.rate.quota / self.replicas.max(1)).max(1), window: self.rate.window }
    }

    /// The name under which a replica keeps to its share.
    pub(super) fn name_of_share(&self) -> &'static str {
        if self.replicas > 1 { self.limit.share_name() } else { self.limit.name() }
    }

    /// By how much all replicas together may exceed the limit: what each holds in hand.
    pub fn error_bound(&self) -> u32 {
        self.replicas.saturating_mul(self.lease)
    }

    /// How much may pass within `time`, whatever happens but outages: what there is at once, what comes
    /// back, and what the replicas hold in hand.
    pub fn most_within(&self, time: Duration) -> u64 {
        u64::from(self.rate.quota) + self.back_in(time) + u64::from(self.error_bound())
    }

    /// By how much each outage of Redis, however it comes, may exceed that: a single one for each replica
    /// and for Redis itself, and what comes back in the time until all of them know.
    pub fn most_per_outage(&self) -> u64 {
        u64::from(self.replicas) + 1 + self.back_in(UNNOTICED)
    }

    fn back_in(&self, time: Duration) -> u64 {
        let back = f64::from(self.rate.quota) * time.as_secs_f64() / self.rate.window.as_secs_f64();
        back.ceil() as u64
    }
}
