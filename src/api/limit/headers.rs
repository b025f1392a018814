//! How one stands, in the headers of draft-ietf-httpapi-ratelimit-headers.

use std::{fmt::Write, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::limit::Standing;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Adds `RateLimit-Policy` and `RateLimit`: one item for each limit that the request counted against.
pub(super) fn add(headers: &mut HeaderMap, standings: &[Standing]) {
    if standings.is_empty() {
        return;
    }
    let (mut policies, mut limits) = (String::new(), String::new());
    for standing in standings {
        let comma = if policies.is_empty() { "" } else { ", " };
        let Standing { name, rate, remaining, .. } = standing;
        let (quota, window) = (rate.quota, whole_seconds(rate.window));
        let reset = whole_seconds(standing.retry_after.unwrap_or_else(|| standing.reset()));
        let written = write!(policies, "{comma}\"{name}\";q={quota};w={window}")
            .and_then(|()| write!(limits, "{comma}\"{name}\";r={remaining};t={reset}"));
        written.expect("text is written to memory");
    }
    for (name, text) in [(POLICY, policies), (LIMIT, limits)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
}

/// Rounded up, so that whoever waits so long does not come too early.
pub(super) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_told_with_what_is_left() {
        let standing = |name, remaining, retry_after| Standing {
            name,
            rate: "60/1m".parse().unwrap(),
            remaining,
            retry_after,
        };
        let mut headers = HeaderMap::new();

        add(&mut headers, &[]);
        assert!(headers.is_empty());
        let refused = standing("institution-read", 0, Some(Duration::from_millis(400)));
        add(&mut headers, &[standing("caller-read", 43, None), refused]);

        assert_eq!(
            headers["ratelimit-policy"],
            r#""caller-read";q=60;w=60, "institution-read";q=60;w=60"#
        );
        assert_eq!(headers["ratelimit"], r#""caller-read";r=43;t=17, "institution-read";r=0;t=1"#);
    }
}
