//! One answer of a service, in four bytes.

use std::time::Duration;

use jiff::Timestamp;

/// What was seen of a service at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// When it was asked.
    pub at: Timestamp,
    /// What it was found to be.
    pub verdict: Verdict,
    /// How long it took to answer, if it did.
    pub latency: Option<Duration>,
}

/// What a service was found to be. That it answers and that it can be used are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It can be used.
    Up,
    /// It can be used, but something worries.
    Degraded,
    /// It answers, but cannot be used.
    Unusable,
    /// It does not answer.
    Unreachable,
    /// Its operator or the service itself says that it is not to be used.
    Maintenance,
}

impl Verdict {
    /// Every verdict; the place is its number.
    pub(crate) const ALL: [Self; 5] =
        [Self::Up, Self::Degraded, Self::Unusable, Self::Unreachable, Self::Maintenance];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Unusable => "unusable",
            Self::Unreachable => "unreachable",
            Self::Maintenance => "maintenance",
        }
    }
}

/// Microseconds in an hour.
pub(super) const HOUR: i64 = 3_600_000_000;

/// Samples that are kept of an hour: one a second. Further ones are dropped.
const MOST: usize = 3600;

/// Steps of the latency scale between a time and its double: a step is a quarter of a per cent.
const STEPS: f64 = 300.0;

/// Adds a sample to the bytes of its hour: tenths of a second since the hour began, then verdict and
/// latency on a logarithmic scale.
pub(super) fn push(bytes: &mut Vec<u8>, sample: &Sample) {
    if bytes.len() >= MOST * 4 {
        return;
    }
    let tenths = sample.at.as_microsecond().rem_euclid(HOUR) / 100_000;
    let verdict = Verdict::ALL.iter().position(|verdict| *verdict == sample.verdict);
    let latency = sample.latency.map_or(0, |latency| {
        let micros = (latency.as_secs_f64() * 1e6).max(1.0);
        1 + (micros.log2() * STEPS).round().clamp(0.0, 8190.0) as u16
    });
    let verdict = verdict.unwrap_or_default() as u16;
    bytes.extend_from_slice(&(tenths as u16).to_le_bytes());
    bytes.extend_from_slice(&(verdict << 13 | latency).to_le_bytes());
}

/// The samples of an hour. Bytes of a newer gateway that make no sense are left out.
pub(super) fn read(hour: i64, bytes: &[u8]) -> impl Iterator<Item = Sample> {
    bytes.chunks_exact(4).filter_map(move |chunk| {
        let tenths = u16::from_le_bytes([chunk[0], chunk[1]]);
        let word = u16::from_le_bytes([chunk[2], chunk[3]]);
        let latency = word & 0x1fff;
        let micros = (f64::from(latency.saturating_sub(1)) / STEPS).exp2();
        Some(Sample {
            at: Timestamp::from_microsecond(hour + i64::from(tenths) * 100_000).ok()?,
            verdict: *Verdict::ALL.get(usize::from(word >> 13))?,
            latency: (latency > 0).then(|| Duration::from_micros(micros.round() as u64)),
        })
    })
}

/// The hour that a moment is in.
pub(super) fn hour_of(at: Timestamp) -> i64 {
    let micros = at.as_microsecond();
    micros - micros.rem_euclid(HOUR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_read_back() {
        let mut bytes = Vec::new();
        let hour = 500_000 * HOUR;
        for (number, verdict) in Verdict::ALL.into_iter().enumerate() {
            for micros in [None, Some(1), Some(250), Some(40_000), Some(30_000_000)] {
                let at = Timestamp::from_microsecond(hour + number as i64 * 700_000_000).unwrap();
                let latency = micros.map(Duration::from_micros);
                bytes.clear();

                push(&mut bytes, &Sample { at, verdict, latency });

                assert_eq!(bytes.len(), 4);
                let back = read(hour, &bytes).next().unwrap();
                assert_eq!((back.at, back.verdict), (at, verdict));
                let (was, is) = (latency.unwrap_or_default(), back.latency.unwrap_or_default());
                assert!(was.abs_diff(is) <= was / 200, "{was:?} became {is:?}");
            }
        }
    }

    #[test]
    fn an_hour_is_bounded() {
        let mut bytes = Vec::new();
        let at = Timestamp::UNIX_EPOCH;
        for _ in 0..2 * MOST {
            push(&mut bytes, &Sample { at, verdict: Verdict::Up, latency: None });
        }
        assert_eq!(bytes.len(), MOST * 4);
    }
}
