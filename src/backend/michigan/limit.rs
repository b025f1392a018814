//! Remembers how many jobs a server lets one user have at once. Version 3 says so only after it has
//! received the whole upload, so a limit that was learned once is looked at before the next one.

use std::{sync::Mutex, time::Duration};

use tokio::time::Instant;

/// After this, an upload finds out anew whether the limit still stands.
const BELIEVED_FOR: Duration = Duration::from_secs(3600);

/// A limit, if one was learned.
#[derive(Debug, Default)]
pub(super) struct JobLimit {
    /// Guards the one value; held for one read or write.
    learned: Mutex<Option<(usize, Instant)>>,
}

impl JobLimit {
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

    /// The limit, if one is believed.
    pub(super) fn get(&self) -> Option<usize> {
        let learned = *self.learned.lock().expect("no holder panics");
        learned.filter(|(_, at)| at.elapsed() < BELIEVED_FOR).map(|(number, _)| number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_learned_limit_is_believed_for_a_while() {
        let limit = JobLimit::default();
        limit.learn("429 Too Many Requests");
        assert_eq!(limit.get(), None);

        limit.learn("Only 3 jobs per user can be executed simultaneously.");

        assert_eq!(limit.get(), Some(3));
        tokio::time::advance(BELIEVED_FOR).await;
        assert_eq!(limit.get(), None);
    }
}
