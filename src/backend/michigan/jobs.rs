//! Looks jobs up in the list of their owner, with as few calls as the servers allow.

use std::{collections::HashMap, time::Duration};

use super::{
    api::Api,
    submit,
    translate::{is_active, needs_whole_job, observe, timestamp},
    wire::Job,
};
use crate::{
    backend::{Error, Result, Search, Sighting},
    domain::{BackendRunId, Credential},
};

/// Jobs per page; the servers do not let it be chosen.
const PAGE: usize = 15;

/// Pages that a search turns at most.
const MAX_PAGES: u32 = 40;

/// Jobs that are asked for one by one in one go; the others wait for the next.
const MAX_SINGLE: usize = 50;

/// How far the clock of a server may be off before a search misses a job.
const CLOCK_SLACK: Duration = Duration::from_secs(24 * 3600);

/// The id of the job that was submitted for the run, if there is one.
pub(super) async fn find(
    api: &Api,
    credential: &Credential,
    search: &Search,
) -> Result<Option<BackendRunId>> {
    let oldest = search.since.saturating_sub(CLOCK_SLACK).unwrap_or(search.since);
    for number in 1..=MAX_PAGES {
        let page = api.jobs_page(credential, number).await?;
        let found = page
            .data
            .iter()
            .filter(|job| {
                submit::is_named_for(job.name.as_deref().unwrap_or_default(), search.run_id)
            })
            .map(|job| BackendRunId::new(&job.id))
            .find(|id| !search.known.contains(id));
        let last = page.data.last().and_then(|job| timestamp(job.submitted_on));
        if found.is_some() || page.next.is_none() || last.is_some_and(|last| last < oldest) {
            return Ok(found);
        }
    }
    Err(Error::unavailable("it lists too many jobs to find one of them"))
}

/// How many jobs wait or run, of the newest.
pub(super) async fn count_active(api: &Api, credential: &Credential) -> Result<usize> {
    let page = api.jobs_page(credential, 1).await?;
    Ok(page.data.iter().filter(|job| is_active(job.state)).count())
}

/// One sighting for every id. One list, then a call for each job that it does not tell enough of.
pub(super) async fn sight(
    api: &Api,
    credential: &Credential,
    ids: &[BackendRunId],
    is_canceling: impl Fn(&BackendRunId) -> bool + Send + Sync,
) -> Result<Vec<Sighting>> {
    let mut rows: HashMap<String, Job> =
        list(api, credential, ids).await?.into_iter().map(|job| (job.id.clone(), job)).collect();
    let mut sightings = Vec::with_capacity(ids.len());
    let mut asked = 0;
    let mut down = false;
    for id in ids {
        let row = rows.remove(id.as_str()).filter(|row| !needs_whole_job(row));
        let job = match row {
            Some(job) => Ok(job),
            None if down || asked == MAX_SINGLE => {
                Err(Error::unavailable("it was not asked for this run this time"))
            }
            None => {
                asked += 1;
                api.job(credential, id).await
            }
        };
        // A server that cannot be reached is not asked again for every other run.
        down |= matches!(&job, Err(Error::Unavailable { source: Some(cause), .. }) if cause.is_transport());
        let observed = job.and_then(|job| observe(&job, is_canceling(id)));
        sightings.push(Sighting { id: id.clone(), observed });
    }
    Ok(sightings)
}

/// Rows for most of the ids: the runs that are asked for are mostly the newest.
async fn list(api: &Api, credential: &Credential, ids: &[BackendRunId]) -> Result<Vec<Job>> {
    match ids.len() {
        0 | 1 => Ok(Vec::new()),
        2..=PAGE => Ok(api.jobs_page(credential, 1).await?.data),
        _ => api.jobs(credential).await,
    }
}
