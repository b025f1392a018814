//! WES writes every timestamp as `%Y-%m-%dT%H:%M:%SZ`, in UTC and whole seconds (WES 1.1.0, `Log`).

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// Writes a timestamp the way WES wants it.
pub fn format(timestamp: Timestamp) -> String {
    timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads what real servers send: RFC 3339, the same without a zone (taken as UTC), or epoch seconds
/// as text (`wes-server` on Toil). Anything else, and the empty string, is no time at all.
pub fn parse_lenient(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp);
    }
    if let Ok(local) = text.parse::<DateTime>() {
        return local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    }
    let seconds = text.parse::<f64>().ok().filter(|seconds| *seconds > 0.0)?;
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit an i64")]
    Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_real_servers_are_read() {
        for (text, expected) in [
            ("2026-11-22T00:33:55Z", Some("2026-11-22T00:33:55Z")),
            ("2026-11-22T00:33:55.065442", Some("2026-11-22T00:33:55Z")),
            ("2026-11-22T02:33:55+02:00", Some("2026-11-22T00:33:55Z")),
            ("1795307997.98", Some("2026-11-22T00:39:57Z")),
            ("", None),
            ("yesterday", None),
        ] {
            assert_eq!(parse_lenient(text).map(format).as_deref(), expected, "{text:?}");
        }
    }
}
