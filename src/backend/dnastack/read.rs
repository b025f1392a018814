//! Reads from Workbench: its answers, its pages, its runs.

use std::collections::HashMap;

use http::StatusCode;
use serde::de::DeserializeOwned;
use url::Url;

use super::{DnastackBackend, translate, wire};
use crate::{
    backend::{
        ByteRange, Download, Error, Observed, RUN_TAG, Result, RunDetails, Search, Sighting,
        client::{as_home, sight_each},
    },
    domain::{BackendRunId, Credential},
};

/// Pages of any list that are read.
const MAX_PAGES: usize = 50;

const PAGE_SIZE: (&str, &str) = ("page_size", "100");

/// From so many runs on, one list costs less than asking for each.
const LIST_FROM: usize = 8;

/// The words of runs that have not ended.
const LIVE: [&str; 6] =
    ["PREPROCESSING", "QUEUED", "INITIALIZING", "RUNNING", "PAUSED", "CANCELING"];

impl DnastackBackend {
    /// Reads a JSON answer. An error comes with the meaning that it has for a run.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        credential: &Credential,
        url: &Url,
    ) -> Result<T> {
        let answer = self.client.get_following(credential, &self.base, url, &[]).await?;
        if answer.status().is_success() {
            return answer.json().await;
        }
        // A web server's own 404 page says nothing about a run.
        if answer.is_page() && answer.status() == StatusCode::NOT_FOUND {
            return Err(Error::Malformed("a page instead of an answer".to_owned()));
        }
        Err(translate::problem(answer).await.into_read_error())
    }

    /// Reads the pages of a list until `each` has seen enough. `false` means that there are more
    /// pages than are read.
    async fn pages(
        &self,
        credential: &Credential,
        first: Url,
        mut each: impl FnMut(wire::Page) -> bool + Send,
    ) -> Result<bool> {
        let mut url = first;
        for _ in 0..MAX_PAGES {
            let page: wire::Page = self.read(credential, &url).await?;
            let next = page.pagination.next_page_url.clone();
            if each(page) {
                return Ok(true);
            }
            let Some(next) = next else { return Ok(true) };
            let next = url.join(&next).ok().and_then(|next| as_home(&self.base, next));
            let next = next.filter(|next| *next != url);
            url = next.ok_or_else(|| {
                Error::Malformed("its next page is at another host, or the same one".to_owned())
            })?;
        }
        Ok(false)
    }

    pub(super) async fn engines(&self, credential: &Credential) -> Result<Vec<wire::Engine>> {
        let mut engines = Vec::new();
        let url = self.in_namespace(&["engines"]);
        self.pages(credential, url, |page| {
            engines.extend(page.engines);
            false
        })
        .await
        .map_err(not_about_a_run)?;
        Ok(engines)
    }

    /// Looks for the run by its tag, by which Workbench filters.
    pub(super) async fn look_for(
        &self,
        credential: &Credential,
        search: &Search,
    ) -> Result<Option<BackendRunId>> {
        let wanted = search.run_id.to_string();
        let mut url = self.api(&["runs"]);
        url.query_pairs_mut()
            .append_pair(PAGE_SIZE.0, PAGE_SIZE.1)
            .append_pair("tag", &format!("{RUN_TAG}:{wanted}"));
        let mut found = None;
        let whole = self
            .pages(credential, url, |page| {
                let is_wanted = |run: &&wire::RunStatus| {
                    run.tags.get(RUN_TAG).and_then(|tag| tag.as_str()) == Some(&wanted)
                };
                let id = page.runs.iter().find(is_wanted).and_then(|run| run.run_id.clone());
                found = id.map(BackendRunId::new);
                found.is_some()
            })
            .await
            .map_err(not_about_a_run)?;
        match (found, whole) {
            (Some(id), _) => Ok(Some(id)),
            (None, true) => Ok(None),
            (None, false) => Err(Error::unavailable("it has more runs than can be looked through")),
        }
    }

    /// Reads many states: all live runs by one list, and each run that is not among them by itself.
    pub(super) async fn states(
        &self,
        credential: &Credential,
        ids: &[BackendRunId],
    ) -> Result<Vec<Sighting>> {
        let mut live = HashMap::new();
        if ids.len() >= LIST_FROM {
            let mut url = self.api(&["runs"]);
            url.query_pairs_mut()
                .append_pair(PAGE_SIZE.0, PAGE_SIZE.1)
                .extend_pairs(LIVE.map(|word| ("state", word)));
            self.pages(credential, url, |page| {
                for run in page.runs {
                    if let Some(id) = run.run_id {
                        live.insert(
                            BackendRunId::new(id),
                            translate::observed(run.state.as_deref()),
                        );
                    }
                }
                ids.iter().all(|id| live.contains_key(id))
            })
            .await
            .map_err(not_about_a_run)?;
        }
        let (listed, others): (Vec<_>, Vec<_>) =
            ids.iter().cloned().partition(|id| live.contains_key(id));
        let mut sightings: Vec<Sighting> = listed
            .into_iter()
            .filter_map(|id| Some(Sighting { observed: Ok(live.remove(&id)?), id }))
            .collect();
        match sight_each(others.clone(), |id| async move { self.state(credential, &id).await })
            .await
        {
            Ok(more) => sightings.extend(more),
            // What the list told stays told; the rest shares the failure.
            Err(error) if !sightings.is_empty() => {
                let why = error.to_string();
                sightings.extend(
                    others
                        .into_iter()
                        .map(|id| Sighting { id, observed: Err(Error::unavailable(why.clone())) }),
                );
            }
            Err(error) => return Err(error),
        }
        Ok(sightings)
    }

    async fn state(&self, credential: &Credential, id: &BackendRunId) -> Result<Observed> {
        let url = self.api(&["runs", id.as_str(), "status"]);
        let status: wire::RunStatus = self.read(credential, &url).await?;
        Ok(translate::observed(status.state.as_deref()))
    }

    pub(super) async fn details(
        &self,
        credential: &Credential,
        id: &BackendRunId,
    ) -> Result<RunDetails> {
        let mut url = self.api(&["runs", id.as_str()]);
        url.query_pairs_mut().append_pair("exclude_tasks", "true");
        let run: wire::Run = self.read(credential, &url).await?;
        let mut url = self.api(&["runs", id.as_str(), "tasks"]);
        url.query_pairs_mut().append_pair(PAGE_SIZE.0, PAGE_SIZE.1);
        let mut tasks = Vec::new();
        let read = self
            .pages(credential, url, |page| {
                tasks.extend(page.tasks);
                false
            })
            .await;
        match read {
            // The run is there, so this means that it has no tasks yet.
            Ok(_) | Err(Error::UnknownRun) => Ok(translate::details(run, tasks)),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn open(
        &self,
        credential: &Credential,
        id: &BackendRunId,
        locator: &str,
        range: Option<ByteRange>,
    ) -> Result<Download> {
        let path = translate::log_path(locator)
            .ok_or_else(|| Error::Gone("no log of the service is called that".to_owned()))?;
        let url = self.api(&[&["runs", id.as_str()], path.as_slice()].concat());
        let range = range.map(ByteRange::to_header);
        let answer =
            self.client.get_following(credential, &self.base, &url, range.as_slice()).await?;
        if answer.status().is_success() {
            return Ok(answer.into_download());
        }
        match translate::problem(answer).await.into_read_error() {
            Error::UnknownRun => Err(Error::Gone("the service no longer offers it".to_owned())),
            error => Err(error),
        }
    }
}

/// A 404 for a list is about the namespace.
pub(super) fn not_about_a_run(error: Error) -> Error {
    match error {
        Error::UnknownRun => Error::Malformed("it does not know the namespace".to_owned()),
        other => other,
    }
}
