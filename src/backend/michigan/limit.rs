//! How many jobs a server lets one user have at once, and how many are about to be. Version 3 says so only
//! after it has received the whole upload, so the limit is looked at before.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, Hasher, RandomState},
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::domain::Credential;

/// After this, an upload finds out anew whether the limit still stands.
const BELIEVED_FOR: Duration = Duration::from_secs(3600);

/// A limit, if one is known, and the uploads that are under way.
#[derive(Debug, Default)]
pub(super) struct JobLimit {
    /// What an operator knows of the server.
    known: Option<usize>,
    /// Guards the one value; held for one read or write.
    learned: Mutex<Option<(usize, Instant)>>,
    /// Guards how many uploads are under way for each credential; held for one look and one change.
    uploads: Mutex<HashMap<u64, usize>>,
    hasher: RandomState,
}

/// An upload under way: it is about to be a job. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Upload<'a> {
    limit: &'a JobLimit,
    user: u64,
    before: usize,
}

impl JobLimit {
    /// The limit as far as an operator knows it.
    pub(super) fn new(known: Option<usize>) -> Self {
        Self { known, ..Self::default() }
    }

    /// Learns from a refusal such as `Only 3 jobs per user …`.
    pub(super) fn learn(&self, message: &str) {
        // Other refusals hold other numbers.
        let number = message
            .split_once(" jobs per user")
            .and_then(|(before, _)| before.rsplit(' ').next()?.parse().ok());
        if let Some(number) = number {
            *self.learned.lock().expect("no holder panics") = Some((number, Instant::now()));
        }
    }

    /// The limit, if one is believed: what the server said lately, else what an operator knows.
    pub(super) fn get(&self) -> Option<usize> {
        let learned = *self.learned.lock().expect("no holder panics");
        let learned = learned.filter(|(_, at)| at.elapsed() < BELIEVED_FOR);
        learned.map(|(number, _)| number).or(self.known)
    }

    /// Begins an upload for the user of a credential.
    pub(super) fn begin(&self, credential: &Credential) -> Upload<'_> {
        let user = self.user(credential);
        let mut uploads = self.uploads();
        let under_way = uploads.entry(user).or_default();
        let before = *under_way;
        *under_way += 1;
        Upload { limit: self, user, before }
    }

    /// Tells users apart without keeping what they show.
    fn user(&self, credential: &Credential) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        match credential {
            Credential::None => {}
            Credential::Header { value, .. } | Credential::Bearer(value) => {
                value.expose_secret().hash(&mut hasher);
            }
            Credential::Basic { username, .. } => username.hash(&mut hasher),
            Credential::ClientCredentials { client_id, .. } => client_id.hash(&mut hasher),
        }
        hasher.finish()
    }

    fn uploads(&self) -> MutexGuard<'_, HashMap<u64, usize>> {
        self.uploads.lock().expect("no holder panics")
    }
}

impl Upload<'_> {
    /// Uploads of the same user that began before, and were not done then: they may be jobs first.
    pub(super) fn before(&self) -> usize {
        self.before
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        let mut uploads = self.limit.uploads();
        if let Some(under_way) = uploads.get_mut(&self.user) {
            *under_way -= 1;
            if *under_way == 0 {
                uploads.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_learned_limit_is_believed_for_a_while() {
        let limit = JobLimit::new(Some(5));
        limit.learn("429 Too Many Requests");
        assert_eq!(limit.get(), Some(5));

        limit.learn("Only 3 jobs per user can be executed simultaneously.");

        assert_eq!(limit.get(), Some(3));
        tokio::time::advance(BELIEVED_FOR).await;
        assert_eq!(limit.get(), Some(5));
    }

    #[test]
    fn uploads_are_counted_for_each_user() {
        let limit = JobLimit::default();
        let user = |name: &str| Credential::Bearer(name.to_owned().into());

        let first = limit.begin(&user("a"));
        let second = limit.begin(&user("a"));
        let other = limit.begin(&user("b"));
        assert_eq!((first.before(), second.before(), other.before()), (0, 1, 0));

        drop((first, second, other));
        assert_eq!(limit.begin(&user("a")).before(), 0);
        assert!(limit.uploads().is_empty());
    }
}
