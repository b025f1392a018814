//! What is known of every request. The edge says it; every room may log it.

use std::{fmt, net::SocketAddr, sync::Arc};

use http::HeaderValue;
use uuid::Uuid;

/// Id of a request, for the caller's logs and ours. In the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// The caller's own id if it is short and plain, else a new UUIDv7.
    pub fn of(given: Option<&HeaderValue>) -> Self {
        let plain = |text: &&str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !text.is_empty() && text.len() <= 64 && text.bytes().all(fits)
        };
        match given.and_then(|value| value.to_str().ok()).filter(plain) {
            Some(text) => Self(text.into()),
            None => Self(Uuid::now_v7().to_string().into()),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a request comes from, as the socket says. In the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress {
    /// The peer's address; none if it was gone before it could be asked.
    pub address: Option<SocketAddr>,
    /// Whether the request came over TLS.
    pub tls: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_ids_are_taken_over() {
        for (given, taken) in [
            ("a-B_9.z", true),
            ("", false),
            ("a b", false),
            ("a\u{e9}", false),
            (&"x".repeat(64), true),
            (&"x".repeat(65), false),
        ] {
            let value = HeaderValue::from_str(given).ok();

            assert_eq!(RequestId::of(value.as_ref()).as_str() == given, taken, "{given:?}");
        }
    }
}
