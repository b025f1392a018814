//! When a message is tried again.

use std::time::Duration;

use fastrand::Rng;

/// The wait after so many failures in a row: it doubles with each, differs a little so that messages do
/// not come in step, and is at least what the receiver asks for. Nothing makes it longer than `longest`.
pub(super) fn wait(
    first: Duration,
    longest: Duration,
    failures: u32,
    retry_after: Option<Duration>,
    rng: &mut Rng,
) -> Duration {
    let doubled = first.saturating_mul(1 << failures.saturating_sub(1).min(30));
    let jittered = doubled.min(longest).mul_f64(0.5 + rng.f64() / 2.0);
    jittered.max(retry_after.unwrap_or_default()).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_honor_the_receiver() {
        let mut rng = Rng::with_seed(7);
        let (first, longest) = (Duration::from_secs(10), Duration::from_secs(3600));
        let mut after = |failures, asked: Option<u64>| {
            wait(first, longest, failures, asked.map(Duration::from_secs), &mut rng).as_secs_f64()
        };

        for (failures, most) in [(1, 10.0), (2, 20.0), (4, 80.0), (12, 3600.0), (4000, 3600.0)] {
            for _ in 0..100 {
                let waited = after(failures, None);
                assert!((most / 2.0..=most).contains(&waited), "{failures}: {waited}");
            }
        }
        let waits: Vec<_> = (0..8).map(|_| after(1, None)).collect();
        assert!(waits.windows(2).any(|pair| pair[0] != pair[1]), "{waits:?}");
        assert_eq!(after(1, Some(120)), 120.0);
        assert_eq!(after(1, Some(1_000_000)), 3600.0);
        assert!(after(5, Some(1)) >= 80.0);
    }
}
