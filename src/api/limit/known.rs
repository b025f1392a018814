//! Credentials that were seen good lately. Whoever shows one is not kept out by what strangers at the same
//! address do; the credential is checked all the same.

use std::{
    hash::{BuildHasher, Hash, Hasher, RandomState},
    time::Duration,
};

use axum::http::{HeaderMap, header};

/// How long after it was seen good a credential is known.
const FOR: Duration = Duration::from_secs(600);
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
