//! Credentials that were seen good lately. Whoever shows one is not kept out by what strangers at the same
//! address do; the credential is checked all the same.

use std::{
    hash::{BuildHasher, Hash, Hasher, RandomState},
    time::Duration,
};

use axum::http::{HeaderMap, header};

/// How long after it was seen good a credential is known.
const FOR: Duration = Duration::from_secs(600);
/// What the cookie of a session is called, after whatever prefix browsers want.
const SESSION_COOKIE: &str = "ga4gh_session";
/// Credentials that are known at most. Then those are forgotten that are not shown.
const MOST: u64 = 100_000;

/// What a credential comes to. It cannot be turned back, and means nothing in another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint(u64);

#[derive(Debug)]
pub(super) struct Known {
    seen: moka::sync::Cache<Fingerprint, ()>,
    hasher: RandomState,
}

impl Known {
    pub(super) fn new() -> Self {
        let seen = moka::sync::Cache::builder().max_capacity(MOST).time_to_live(FOR).build();
        Self { seen, hasher: RandomState::new() }
    }

    /// The credential of a request, if it shows one.
    pub(super) fn fingerprint(&self, headers: &HeaderMap) -> Option<Fingerprint> {
        let mut hasher = self.hasher.build_hasher();
        let mut shown = false;
        for name in [header::AUTHORIZATION, header::SEC_WEBSOCKET_PROTOCOL] {
            for value in headers.get_all(name) {
                value.as_bytes().hash(&mut hasher);
                shown = true;
            }
        }
        for value in headers.get_all("x-api-key") {
            value.as_bytes().hash(&mut hasher);
            shown = true;
        }
        for cookie in sessions(headers) {
            cookie.hash(&mut hasher);
            shown = true;
        }
        shown.then(|| Fingerprint(hasher.finish()))
    }

    pub(super) fn contains(&self, credential: Fingerprint) -> bool {
        self.seen.contains_key(&credential)
    }

    pub(super) fn remember(&self, credential: Fingerprint) {
        // Most requests show one that is known; its time need not be renewed each time.
        if !self.seen.contains_key(&credential) {
            self.seen.insert(credential, ());
        }
    }

    pub(super) fn forget(&self, credential: Fingerprint) {
        self.seen.invalidate(&credential);
    }
}

/// The cookies of sessions. Browsers show others along with them, which are no credentials.
fn sessions(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let cookies = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(';'));
    cookies.map(str::trim).filter(|cookie| {
        cookie.split_once('=').is_some_and(|(name, _)| name.ends_with(SESSION_COOKIE))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_credential_is_told_from_what_is_none() {
        let known = Known::new();
        let of = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            known.fingerprint(&headers)
        };

        assert_eq!(known.fingerprint(&HeaderMap::new()), None);
        assert_eq!(of("cookie", "theme=dark; lang=en"), None);
        let session = of("cookie", "theme=dark; ga4gh_session=abc");
        assert!(session.is_some());
        assert_eq!(session, of("cookie", "ga4gh_session=abc; lang=en"));
        assert_ne!(session, of("cookie", "ga4gh_session=abd"));
        assert_ne!(of("authorization", "Bearer a"), of("authorization", "Bearer b"));
        assert!(of("x-api-key", "k").is_some());
    }

    #[test]
    fn a_credential_is_known_until_it_is_refused() {
        let known = Known::new();
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, "Bearer a".parse().unwrap());
        let credential = known.fingerprint(&headers).unwrap();

        assert!(!known.contains(credential));
        known.remember(credential);
        assert!(known.contains(credential));
        known.forget(credential);
        assert!(!known.contains(credential));
    }
}
