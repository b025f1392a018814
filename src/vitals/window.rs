//! Successes and failures of the last while, in a ring of buckets: old ones fall off as time goes on.

use std::time::Duration;

use tokio::time::Instant;

const BUCKETS: usize = 10;

/// Successes and failures of the last while.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Window {
    buckets: [Bucket; BUCKETS],
    /// The bucket that is being filled, and since when.
    newest: usize,
    began: Instant,
    width: Duration,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Bucket {
    successes: u32,
    failures: u32,
}

impl Window {
    pub(super) fn new(now: Instant, length: Duration) -> Self {
        let width = (length / BUCKETS as u32).max(Duration::from_millis(1));
        Self { buckets: Default::default(), newest: 0, began: now, width }
    }

    /// Lets go of what is too old at `now`.
    pub(super) fn advance(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.began).as_nanos() / self.width.as_nanos();
        if passed >= BUCKETS as u128 {
            self.buckets = Default::default();
            self.began = now;
            return;
        }
        for _ in 0..passed {
            self.newest = (self.newest + 1) % BUCKETS;
            self.buckets[self.newest] = Bucket::default();
            self.began += self.width;
        }
    }

    /// Counts one call that ended at `now`.
    pub(super) fn add(&mut self, now: Instant, success: bool) {
        self.advance(now);
        let bucket = &mut self.buckets[self.newest];
        let count = if success { &mut bucket.successes } else { &mut bucket.failures };
        *count = count.saturating_add(1);
    }

    pub(super) fn successes(&self) -> u32 {
        self.buckets.iter().fold(0, |sum, bucket| sum.saturating_add(bucket.successes))
    }

    pub(super) fn failures(&self) -> u32 {
        self.buckets.iter().fold(0, |sum, bucket| sum.saturating_add(bucket.failures))
    }

    pub(super) fn samples(&self) -> u32 {
        self.successes().saturating_add(self.failures())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        let start = Instant::now();
        let mut window = Window::new(start, Duration::from_secs(10));
        window.add(start, true);
        window.add(start + Duration::from_secs(5), false);

        window.advance(start + Duration::from_secs(9));
        assert_eq!((window.successes(), window.failures()), (1, 1));
        window.advance(start + Duration::from_secs(10));
        assert_eq!((window.successes(), window.failures()), (0, 1));
        window.advance(start + Duration::from_secs(3600));
        assert_eq!(window.samples(), 0);
    }
}
