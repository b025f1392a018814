//! Which requests are refused before a handler sees them. Pure.

use http::{HeaderMap, Method, StatusCode, Uri, Version, header, request::Parts};

use super::Config;

/// A request that is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) reason: &'static str,
    pub(super) msg: &'static str,
}

impl Refusal {
    pub(super) const BODY_TOO_LARGE: Self = Self {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        reason: "body_too_large",
        msg: "the request body is larger than this server takes",
    };
    pub(super) const BODY_STALLED: Self = Self {
        status: StatusCode::REQUEST_TIMEOUT,
        reason: "body_stalled",
        msg: "the request body stood still for too long",
    };
    pub(super) const INTERNAL: Self = Self {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        reason: "internal",
        msg: "an internal error occurred",
    };
    const METHOD: Self = Self {
        status: StatusCode::METHOD_NOT_ALLOWED,
        reason: "method_not_allowed",
        msg: "this method is not served",
    };
    const HEAD_TOO_LARGE: Self = Self {
        status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        reason: "headers_too_large",
        msg: "the request head is larger than this server takes",
    };
    const HOST: Self = Self {
        status: StatusCode::BAD_REQUEST,
        reason: "bad_host",
        msg: "a request names exactly one host",
    };
    const LENGTH: Self = Self {
        status: StatusCode::BAD_REQUEST,
        reason: "bad_length",
        msg: "a request states its length once",
    };
}

/// Why this request is refused, if it is.
pub(super) fn refusal(parts: &Parts, config: &Config) -> Option<Refusal> {
    let Parts { method, uri, version, headers, .. } = parts;
    if matches!(*method, Method::CONNECT | Method::TRACE) {
        Some(Refusal::METHOD)
    } else if headers.len() > config.max_headers
        || head_bytes(uri, headers) > config.max_header_bytes
    {
        Some(Refusal::HEAD_TOO_LARGE)
    } else if !names_one_host(uri, *version, headers) {
        Some(Refusal::HOST)
    } else if headers.contains_key(header::TRANSFER_ENCODING)
        && headers.contains_key(header::CONTENT_LENGTH)
    {
        Some(Refusal::LENGTH)
    } else if content_length(headers).is_some_and(|length| length > config.max_body_bytes) {
        Some(Refusal::BODY_TOO_LARGE)
    } else {
        None
    }
}

/// The stated length. hyper has refused lengths that are no number or contradict each other.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The head as HTTP/1.1 would write it, about: `name: value` and the end of the line.
fn head_bytes(uri: &Uri, headers: &HeaderMap) -> usize {
    let fields = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    let target = uri.path_and_query().map_or(1, |target| target.as_str().len());
    target + fields.sum::<usize>()
}

/// RFC 9112, section 3.2: exactly one `Host` in HTTP/1.1, and an absolute target that agrees with it.
/// RFC 9113, section 8.3.1: `:authority` takes its place in HTTP/2.
fn names_one_host(uri: &Uri, version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next(), uri.authority()) {
        (_, Some(_), _) => false,
        (None, None, Some(_)) => version == Version::HTTP_2,
        (None, None, None) => version < Version::HTTP_11,
        (Some(host), None, Some(authority)) => {
            host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes())
        }
        (Some(_), None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn requests_are_refused_for_their_head() {
        let long = "x".repeat(40_000);
        type Case<'a> = (&'a str, &'a str, Version, &'a [(&'a str, &'a str)], Option<&'a str>);
        let cases: &[Case<'_>] = &[
            ("GET", "/", Version::HTTP_11, &[("host", "a")], None),
            ("GET", "/", Version::HTTP_10, &[], None),
            ("GET", "https://a/", Version::HTTP_2, &[], None),
            ("GET", "http://a/", Version::HTTP_11, &[("host", "A")], None),
            ("GET", "/", Version::HTTP_11, &[], Some("bad_host")),
            ("GET", "/", Version::HTTP_2, &[], Some("bad_host")),
            ("GET", "/", Version::HTTP_11, &[("host", "a"), ("host", "a")], Some("bad_host")),
            ("GET", "http://b/", Version::HTTP_11, &[("host", "a")], Some("bad_host")),
            ("GET", "http://b/", Version::HTTP_11, &[], Some("bad_host")),
            ("TRACE", "/", Version::HTTP_11, &[("host", "a")], Some("method_not_allowed")),
            ("CONNECT", "a:1", Version::HTTP_11, &[("host", "a")], Some("method_not_allowed")),
            (
                "GET",
                "/",
                Version::HTTP_11,
                &[("host", "a"), ("x", &long)],
                Some("headers_too_large"),
            ),
            (
                "POST",
                "/",
                Version::HTTP_11,
                &[("host", "a"), ("content-length", "5"), ("transfer-encoding", "chunked")],
                Some("bad_length"),
            ),
            (
                "POST",
                "/",
                Version::HTTP_11,
                &[("host", "a"), ("content-length", "999999999999999")],
                Some("body_too_large"),
            ),
        ];
        for (method, uri, version, headers, expected) in cases {
            let mut request = Request::builder().method(*method).uri(*uri).version(*version);
            for (name, value) in *headers {
                request = request.header(*name, *value);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();

            let refused = refusal(&parts, &Config::default()).map(|refusal| refusal.reason);

            assert_eq!(refused, *expected, "{method} {uri} {version:?} {headers:.40?}");
        }
    }
}
