//! Warns callers before the credentials that they have entered end.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Credentials, Result};
use crate::{events::Event, vault::Ending};

impl Credentials {
    /// Warns callers until `shutdown`.
    pub async fn run(&self, shutdown: CancellationToken) {
        let interval = self.parts.warn.1.max(Duration::from_millis(10));
        let mut tick = tokio::time::interval(interval);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = shutdown.cancelled() => return,
            }
            if let Err(error) = self.warn().await {
                warn!("callers cannot be warned of the end of their credentials: {error}");
            }
        }
    }

    /// Warns all callers whose credentials have come a step nearer to their end.
    async fn warn(&self) -> Result<()> {
        let (now, steps) = (self.parts.clock.now(), self.steps());
        let longest = steps.first().copied().unwrap_or_default();
        let before = now.checked_add(longest).unwrap_or(Timestamp::MAX);
        for ending in self.parts.vault.ending(before, steps.len()).await? {
            let passed = passed(&steps, ending.expires_at, now);
            // Written down first: a warning is given once, also if the gateway restarts.
            if passed > ending.warned && self.parts.vault.set_warned(&ending, passed).await? {
                let Ending { caller, service, expires_at, .. } = ending;
                let expired = expires_at <= now;
                let event = Event::CredentialExpiring { caller, service, expires_at, expired };
                self.parts.events.publish(event);
            }
        }
        Ok(())
    }

    /// How long before the end callers are warned, the longest first, and at the end itself.
    fn steps(&self) -> Vec<SignedDuration> {
        let before = self.parts.warn.0.iter();
        let before = before.filter_map(|step| SignedDuration::try_from(*step).ok());
        before.chain([SignedDuration::ZERO]).collect()
    }
}

/// How many steps before its end a credential has passed.
fn passed(steps: &[SignedDuration], expires_at: Timestamp, now: Timestamp) -> usize {
    let left = expires_at.duration_since(now);
    steps.iter().filter(|step| left <= **step).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_passes_one_step_after_the_other() {
        let day = |days: i64| SignedDuration::from_hours(24 * days);
        let steps = [day(7), day(3), day(1), SignedDuration::ZERO];
        let end = Timestamp::from_second(1_800_000_000).unwrap();
        for (left, expected) in [
            (day(8), 0),
            (day(7), 1),
            (day(4), 1),
            (day(3), 2),
            (day(1), 3),
            (SignedDuration::from_secs(1), 3),
            (SignedDuration::ZERO, 4),
            (day(-30), 4),
        ] {
            assert_eq!(passed(&steps, end, end - left), expected, "{left}");
        }
    }
}
