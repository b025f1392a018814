//! What is left of many answers: how long a service was what, and how fast it was.

use std::{collections::BTreeMap, time::Duration};

use super::sample::{HOUR, Sample, Verdict};

/// A stretch of time, drawn together.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Period {
    /// Seconds in each verdict, in the order of [`Verdict::ALL`].
    seconds: [u64; 5],
    /// Times that the service was asked.
    samples: u64,
    /// Answers by how long they took: four buckets from a time to its double.
    latencies: BTreeMap<u8, u64>,
}

/// A sample speaks for the time until the next one, but for no longer than this: the gateway may have
/// been down.
const SPEAKS_FOR: i64 = 600_000_000;

impl Period {
    /// The hour that these samples are from, as far as `now`.
    pub(super) fn of_hour(hour: i64, samples: &[Sample], now: i64) -> Self {
        let mut period = Self::default();
        let end = (hour + HOUR).min(now);
        for (place, sample) in samples.iter().enumerate() {
            let next = samples.get(place + 1).map_or(end, |next| next.at.as_microsecond());
            let lasted = (next - sample.at.as_microsecond()).clamp(0, SPEAKS_FOR);
            period.seconds[sample.verdict as usize] += lasted as u64;
            period.samples += 1;
            if let Some(latency) = sample.latency {
                *period.latencies.entry(bucket_of(latency)).or_default() += 1;
            }
        }
        // Rounded once, so that many short times do not vanish.
        period.seconds = period.seconds.map(|micros| (micros + 500_000) / 1_000_000);
        period
    }

    /// Adds another stretch of time.
    pub fn merge(&mut self, other: &Self) {
        for (mine, others) in self.seconds.iter_mut().zip(other.seconds) {
            *mine += others;
        }
        self.samples += other.samples;
        for (bucket, count) in &other.latencies {
            *self.latencies.entry(*bucket).or_default() += count;
        }
    }

    /// Times that the service was asked.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Seconds in a verdict.
    pub fn seconds(&self, verdict: Verdict) -> u64 {
        self.seconds[verdict as usize]
    }

    /// Share of the time in which it could be used, maintenance left aside; unset if nothing is known.
    pub fn availability(&self) -> Option<f64> {
        let usable = self.seconds(Verdict::Up) + self.seconds(Verdict::Degraded);
        let not = self.seconds(Verdict::Unusable) + self.seconds(Verdict::Unreachable);
        (usable + not > 0).then(|| usable as f64 / (usable + not) as f64)
    }

    /// The time within which this share of the answers came, right within a tenth.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let count: u64 = self.latencies.values().sum();
        let rank = ((count as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let bucket = self.latencies.iter().find_map(|(bucket, count)| {
            seen += count;
            (seen >= rank).then_some(*bucket)
        })?;
        Some(Duration::from_micros(((f64::from(bucket) + 0.5) / 4.0).exp2().round() as u64))
    }

    /// As it is kept.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(48);
        for number in self.seconds.into_iter().chain([self.samples]) {
            write(&mut bytes, number);
        }
        for (bucket, count) in &self.latencies {
            bytes.push(*bucket);
            write(&mut bytes, *count);
        }
        bytes
    }

    /// Read back; what makes no sense counts as nothing.
    pub(super) fn from_bytes(mut bytes: &[u8]) -> Self {
        let mut period = Self::default();
        for seconds in &mut period.seconds {
            *seconds = read(&mut bytes);
        }
        period.samples = read(&mut bytes);
        while let Some((bucket, rest)) = bytes.split_first() {
            bytes = rest;
            let count = read(&mut bytes);
            period.latencies.insert(*bucket, count);
        }
        period
    }
}

fn bucket_of(latency: Duration) -> u8 {
    let micros = (latency.as_secs_f64() * 1e6).max(1.0);
    (micros.log2() * 4.0).floor().min(255.0) as u8
}

/// Seven bits a byte, the lowest first.
fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let Some((byte, rest)) = bytes.split_first() else { break };
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn sample(second: i64, verdict: Verdict, millis: u64) -> Sample {
        let at = Timestamp::from_second(second).unwrap();
        Sample { at, verdict, latency: (millis > 0).then(|| Duration::from_millis(millis)) }
    }

    #[test]
    fn time_is_counted_and_not_questions() {
        let mut samples: Vec<_> =
            (0..30).map(|minute| sample(minute * 60, Verdict::Up, 100)).collect();
        samples.extend((0..180).map(|count| sample(1800 + count * 10, Verdict::Unreachable, 0)));

        let period = Period::of_hour(0, &samples, i64::MAX);

        assert_eq!(period.availability(), Some(0.5), "a dead service is asked more often");
        assert_eq!(period.samples(), 210);
        let median = period.quantile(0.5).unwrap().as_secs_f64();
        assert!((0.09..0.11).contains(&median), "{median}");
        assert_eq!(Period::from_bytes(&period.to_bytes()), period);
    }

    #[test]
    fn quantiles_survive_being_added_up() {
        let mut all = Period::default();
        for hour in 0..24 {
            let start = hour * 3600;
            let samples: Vec<_> = (0..60)
                .map(|minute| {
                    sample(start + minute * 60, Verdict::Up, if minute < 54 { 20 } else { 900 })
                })
                .collect();
            let period = Period::of_hour(start * 1_000_000, &samples, i64::MAX);
            all.merge(&Period::from_bytes(&period.to_bytes()));
        }

        let (p50, p95) = (all.quantile(0.5).unwrap(), all.quantile(0.95).unwrap());
        assert!((18..=22).contains(&p50.as_millis()), "{p50:?}");
        assert!((810..=990).contains(&p95.as_millis()), "{p95:?}");
        assert_eq!(all.seconds(Verdict::Up), 24 * 3600);
    }

    #[test]
    fn a_gateway_that_was_down_knows_nothing_of_that_time() {
        let samples = [sample(0, Verdict::Up, 10)];
        let period = Period::of_hour(0, &samples, i64::MAX);
        assert_eq!(period.seconds(Verdict::Up), 600);
        assert_eq!(Period::default().availability(), None);
    }
}
