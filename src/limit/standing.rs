//! How somebody stands with a limit.

use std::time::Duration;

use super::Rate;

/// How somebody stands with a limit after a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The name of the policy.
    pub name: &'static str,
    /// How much there is at most, and the time in which all of it comes back.
    pub rate: Rate,
    /// How much is left.
    pub remaining: u32,
    /// When what was asked for can be had; `None` if it was given.
    pub retry_after: Option<Duration>,
}

impl Standing {
    /// Whether what was asked for was given.
    pub fn is_allowed(&self) -> bool {
        self.retry_after.is_none()
    }

    /// How long it takes until all of it is back.
    pub fn reset(&self) -> Duration {
        self.rate.interval() * self.rate.quota.saturating_sub(self.remaining)
    }

    /// How long to wait for the next one, if there is none now.
    pub(super) fn next(&self) -> Option<Duration> {
        (self.remaining == 0).then(|| self.retry_after.unwrap_or(self.rate.interval()))
    }
}
