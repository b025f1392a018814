//! GCRA in this process.

use std::{num::NonZeroU32, time::Duration};

use governor::{Quota, RateLimiter, clock::Clock, middleware::StateInformationMiddleware};
use tokio::time::Instant;

use super::{Rate, Standing, keyed::Keyed};

/// Time since the limiter was made, by tokio's clock, so that tests choose it.
#[derive(Debug, Clone, Copy)]
pub(super) struct SinceStart(Instant);

impl SinceStart {
    pub(super) fn new() -> Self {
        Self(Instant::now())
    }

    /// In nanoseconds, as [`Keyed`] counts.
    pub(super) fn nanos(self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl Clock for SinceStart {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// One rate, for everybody that it concerns.
#[derive(Debug)]
pub(super) struct Local {
    name: &'static str,
    rate: Rate,
    clock: SinceStart,
    state: Keyed,
    buckets: RateLimiter<String, Keyed, SinceStart, StateInformationMiddleware>,
}

impl Local {
    /// Everybody begins with all that there is.
    pub(super) fn new(name: &'static str, rate: Rate, clock: SinceStart, max_keys: usize) -> Self {
        let state = Keyed::new(max_keys);
        let burst = NonZeroU32::new(rate.quota).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(rate.interval()).expect("a rate has an interval");
        // The limiter reads its start off its own clock, which stands at almost nothing then.
        let buckets = RateLimiter::new(quota.allow_burst(burst), state.clone(), clock);
        Self { name, rate, clock, state, buckets }
    }

    /// Takes `cost`, which is at most the quota.
    pub(super) fn take(&self, key: &str, cost: u32) -> Standing {
        let n = NonZeroU32::new(cost.min(self.rate.quota)).unwrap_or(NonZeroU32::MIN);
        let outcome = self.buckets.check_key_n(&key.to_owned(), n);
        let outcome = outcome.expect("no cost is more than the quota");
        let (remaining, retry_after) = match outcome {
            Ok(left) => (left.remaining_burst_capacity(), None),
            Err(until) => {
                let wait = until.wait_time_from(self.clock.now());
                (self.short_by(n, wait), Some(wait))
            }
        };
        Standing { name: self.name, rate: self.rate, remaining, retry_after }
    }

    /// From now on everybody begins with a single one, as if all had been used up a moment ago.
    pub(super) fn begin_short(&self) {
        let interval = u64::try_from(self.rate.interval().as_nanos()).unwrap_or(u64::MAX);
        // A moment less, since the limiter began a moment after the clock.
        let used =
            interval.saturating_mul(u64::from(self.rate.quota - 1)).saturating_sub(interval / 10);
        self.state.raise(self.clock.nanos().saturating_add(used));
    }

    /// Those who used most, with what is left to each.
    pub(super) fn busiest(&self, count: usize) -> Vec<(String, u32)> {
        let (now, interval) = (self.clock.nanos(), self.rate.interval().as_nanos().max(1));
        let latest = self.state.latest(count).into_iter().filter(|(_, at)| *at > now);
        let left = |at: u64| {
            let used = u128::from(at - now).div_ceil(interval);
            self.rate.quota.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
        };
        latest.map(|(key, at)| (key, left(at))).collect()
    }

    /// For how many something is remembered.
    pub(super) fn len(&self) -> usize {
        self.state.len()
    }

    /// Forgets whoever has all of it again.
    pub(super) fn tidy(&self) {
        self.state.forget(self.clock.nanos());
    }

    /// What is left to one who must wait for `n`.
    fn short_by(&self, n: NonZeroU32, wait: Duration) -> u32 {
        let missing = wait.as_nanos().div_ceil(self.rate.interval().as_nanos().max(1));
        n.get().saturating_sub(u32::try_from(missing).unwrap_or(u32::MAX))
    }
}
