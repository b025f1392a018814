//! Waits for a state, not for a while.

use std::{fmt::Debug, future::Future, time::Duration};

use tokio::time::Instant;

/// Long enough for a loaded machine of two cores; a test that passes never waits this long.
const DEADLINE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(25);

/// Looks again and again until `look` says `Ok`, and returns what it found.
///
/// `look` answers "has it reached ...?": `Err` holds the value seen instead, and the last one is
/// printed when time is up.
pub(crate) async fn eventually<T, S, F>(what: &str, look: impl FnMut() -> F) -> T
where
    S: Debug,
    F: Future<Output = Result<T, S>>,
{
    eventually_within(DEADLINE, what, look).await
}

/// [`eventually`] with a deadline of its own.
pub(crate) async fn eventually_within<T, S, F>(
    deadline: Duration,
    what: &str,
    mut look: impl FnMut() -> F,
) -> T
where
    S: Debug,
    F: Future<Output = Result<T, S>>,
{
    let end = Instant::now() + deadline;
    loop {
        match look().await {
            Ok(reached) => return reached,
            Err(seen) if Instant::now() >= end => {
                panic!("{what}: not within {deadline:?}; last seen: {seen:?}")
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
