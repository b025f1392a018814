//! `600/1m`: so much in so long a time.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, de::Error as _};

/// So much in so long a time. As much at once is allowed after a time without any.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How much.
    pub quota: u32,
    /// In which time.
    pub window: Duration,
}

impl Rate {
    /// So much a minute.
    pub const fn per_minute(quota: u32) -> Self {
        Self { quota, window: Duration::from_secs(60) }
    }

    /// The time in which one comes back.
    pub fn interval(&self) -> Duration {
        self.window / self.quota.max(1)
    }
}

/// Not a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rate is a number and a time, such as `600/1m`, or `off`")]
pub struct NotARate;

impl FromStr for Rate {
    type Err = NotARate;

    fn from_str(text: &str) -> Result<Self, NotARate> {
        let (quota, window) = text.split_once('/').ok_or(NotARate)?;
        let quota: u32 = quota.trim().parse().map_err(|_| NotARate)?;
        let window = humantime_serde::re::humantime::parse_duration(window.trim());
        let window = window.map_err(|_| NotARate)?;
        // A nanosecond is the finest that is counted, and a day the longest that is remembered.
        let day = Duration::from_secs(24 * 3600);
        if quota == 0 || window > day || (window / quota).is_zero() {
            return Err(NotARate);
        }
        Ok(Self { quota, window })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.quota, humantime_serde::re::humantime::format_duration(self.window))
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads a rate, or `off` for none.
pub(super) fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Rate>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "off" { Ok(None) } else { text.parse().map(Some).map_err(D::Error::custom) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_and_a_time() {
        let rate: Rate = "600/1m".parse().unwrap();

        assert_eq!(rate, Rate::per_minute(600));
        assert_eq!(rate.interval(), Duration::from_millis(100));
        assert_eq!(rate.to_string(), "600/1m");
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in ["", "600", "600/", "/1m", "0/1m", "-1/1m", "1/0s", "5/2days", "x/1m"] {
            assert_eq!(text.parse::<Rate>(), Err(NotARate), "{text}");
        }
    }
}
