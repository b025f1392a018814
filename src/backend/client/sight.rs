//! Reads the state of many runs from services that tell only one at a time.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use crate::{
    backend::{Error, Observed, Result, Sighting, client::HttpError},
    domain::BackendRunId,
};

/// Calls that one service gets at a time.
const AT_ONCE: usize = 8;

/// How many runs in a row may fail, each with an answer of its own, before the service is left alone. More
/// than [`AT_ONCE`]: some servers answer 500 for ever for runs whose folder was deleted.
const BAD_ANSWERS: usize = 64;

/// How long all questions of one look may take. Those that were not told come first in the next one.
const LOOK: Duration = Duration::from_secs(20);

/// Asks for each run, a few at a time and for a bounded time. A service that cannot be reached or refuses
/// the credential is left alone after the first few in a row, one that gives only bad answers after some
/// more. If it told of no run at all, its failure is the answer.
pub async fn sight_each<F, Fut>(ids: Vec<BackendRunId>, ask: F) -> Result<Vec<Sighting>>
where
    F: Fn(BackendRunId) -> Fut + Send,
    Fut: Future<Output = Result<Observed>> + Send,
{
    let any = !ids.is_empty();
    let mut sightings = Vec::with_capacity(ids.len());
    let (mut told, mut out_of_reach) = (false, 0);
    let end = Instant::now() + LOOK;
    let asked = stream::iter(ids).map(|id| {
        let observed = ask(id.clone());
        async move { Sighting { id, observed: observed.await } }
    });
    let mut asked = std::pin::pin!(asked.buffer_unordered(AT_ONCE));
    while let Ok(Some(sighting)) = tokio::time::timeout_at(end, asked.next()).await {
        told |= matches!(sighting.observed, Ok(_) | Err(Error::UnknownRun));
        out_of_reach = if is_out_of_reach(&sighting.observed) { out_of_reach + 1 } else { 0 };
        sightings.push(sighting);
        if out_of_reach >= AT_ONCE || (!told && sightings.len() >= BAD_ANSWERS) {
            break;
        }
    }
    if sightings.is_empty() && any {
        return Err(HttpError::Timeout { after: LOOK }.into_read_error());
    }
    match sightings.pop() {
        Some(Sighting { observed: Err(error), .. }) if !told => Err(error),
        last => Ok(sightings.into_iter().chain(last).collect()),
    }
}

/// Whether a failure would be the same for every run.
fn is_out_of_reach(observed: &Result<Observed>) -> bool {
    match observed {
        Err(Error::Unavailable { source, .. }) => {
            source.as_ref().is_some_and(HttpError::is_transport)
        }
        Err(Error::Credential { .. } | Error::Busy { .. }) => true,
        Ok(_) | Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::ga4gh::wes::State;

    fn ids(count: usize) -> Vec<BackendRunId> {
        (0..count).map(|n| BackendRunId::new(n.to_string())).collect()
    }

    #[tokio::test]
    async fn a_dead_service_is_not_asked_for_every_run() {
        for (source, at_most) in [(true, 20), (false, 80)] {
            let calls = AtomicUsize::new(0);

            let answer = sight_each(ids(1000), |_| {
                calls.fetch_add(1, Ordering::Relaxed);
                let source = source.then_some(HttpError::BadUrl);
                async {
                    Err(Error::Unavailable { why: "down".to_owned(), retry_after: None, source })
                }
            })
            .await;

            assert!(matches!(answer, Err(Error::Unavailable { .. })), "{answer:?}");
            assert!(calls.load(Ordering::Relaxed) < at_most);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_dies_on_the_way_holds_nobody_up() {
        let calls = AtomicUsize::new(0);
        let fails = sight_each(ids(1000), |_| {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            async move {
                if call < 10 {
                    return Ok(Observed::new(State::Running, "R"));
                }
                Err(HttpError::BadUrl.into_read_error())
            }
        });
        assert!(fails.await.unwrap().len() < 40);

        let hangs = sight_each(ids(1000), |id| async move {
            if id.as_str() != "0" {
                tokio::time::sleep(Duration::from_secs(30)).await;
            }
            Ok(Observed::new(State::Running, "R"))
        });
        let began = Instant::now();
        assert_eq!(hangs.await.unwrap().len(), 1);
        assert_eq!(began.elapsed(), LOOK);

        let silent = sight_each(ids(3), |_| std::future::pending()).await;
        assert!(matches!(silent, Err(Error::Unavailable { .. })), "{silent:?}");
    }

    #[tokio::test]
    async fn bad_runs_do_not_hide_the_others() {
        let answer = sight_each(ids(20), |id| async move {
            match id.as_str().parse() {
                Ok(0..12) => Err(Error::unavailable("HTTP 500")),
                Ok(_) | Err::<usize, _>(_) => Ok(Observed::new(State::Running, "R")),
            }
        })
        .await
        .unwrap();

        assert_eq!(answer.iter().filter(|sighting| sighting.observed.is_ok()).count(), 8);
    }

    #[tokio::test]
    async fn one_failure_costs_only_its_own_run() {
        let answer = sight_each(ids(20), |id| async move {
            if id.as_str() == "3" {
                Err(Error::UnknownRun)
            } else {
                Ok(Observed::new(State::Running, "R"))
            }
        })
        .await
        .unwrap();

        assert_eq!(answer.len(), 20);
        assert_eq!(answer.iter().filter(|sighting| sighting.observed.is_err()).count(), 1);
    }
}
