//! Speaks to WES servers. Their dialects are probed and tolerated, never configured.

mod conformance;
mod find;
mod outputs;
mod read;
mod recognize;
pub(super) mod service_info;
mod submit;
mod translate;
mod wire;

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

pub(super) use self::{conformance::examine, recognize::recognize};
use self::{find::Found, service_info::Told};
use super::{
    Backend, ByteRange, Download, Error, Result, RunDetails, Search, Sighting, Submission,
    client::{Client, join, sight_each},
    imputation_template::ImputationTemplate,
};
use crate::domain::{BackendRunId, Credential, Offer, ReferencePanel, Service};

/// What the service registry calls a WES node; every one speaks at least this version.
pub(super) const SERVICE_TYPE: [&str; 3] = ["org.ga4gh", "wes", "1.0.0"];

/// One WES service.
#[derive(Debug)]
pub(super) struct WesBackend {
    service: Service,
    client: Client,
    imputation: Option<ImputationTemplate>,
    panels: Vec<ReferencePanel>,
    /// What the last probe found. Probed again by every [`Backend::describe`].
    site: ArcSwapOption<Site>,
    /// When the server last took a run or told the state of one. Held for one read or write.
    busy_at: Mutex<Option<Instant>>,
}

/// How long after a word about a run a server is taken to be busy with it.
const BUSY_FOR: Duration = Duration::from_secs(180);

/// Where the API is, and what it told.
#[derive(Debug)]
struct Site {
    base: Url,
    told: Told,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    imputation: Option<ImputationTemplate>,
}

impl WesBackend {
    /// Reads the adapter's settings from the service's record.
    pub(super) fn try_new(service: &Service, client: Client) -> Result<Self, String> {
        let settings: Settings = serde_json::from_value(Value::Object(service.settings.clone()))
            .map_err(|error| format!("settings of {}: {error}", service.id))?;
        let panels = match &settings.imputation {
            Some(template) => template.offered_panels()?,
            None => Vec::new(),
        };
        Ok(Self {
            service: service.clone(),
            client,
            imputation: settings.imputation,
            panels,
            site: ArcSwapOption::empty(),
            busy_at: Mutex::default(),
        })
    }

    fn note_busy(&self) {
        *self.busy_at.lock().expect("no holder panics") = Some(Instant::now());
    }

    /// The site, without a probe, while a server that must not be probed has runs. `wes-server` starts a
    /// process for every service-info, and with it loses the exit code of a run that has just ended: a
    /// run that succeeded would be told as failed. That it tells states shows well enough that it lives.
    fn site_of_busy(&self) -> Option<Arc<Site>> {
        let busy_at = *self.busy_at.lock().expect("no holder panics");
        let site = self.site.load_full().filter(|site| site.told.is_bare)?;
        busy_at.is_some_and(|busy_at| busy_at.elapsed() < BUSY_FOR).then_some(site)
    }

    async fn site(&self, credential: &Credential) -> Result<Arc<Site>> {
        match self.site.load_full() {
            Some(site) => Ok(site),
            None => self.probe(credential).await,
        }
    }

    /// Finds the API: where it was before, at the given URL, or under the standard path below it.
    async fn probe(&self, credential: &Credential) -> Result<Arc<Site>> {
        let given = self.service.url.clone();
        let nested = join(&given, &["ga4gh", "wes", "v1"]);
        let before = self.site.load_full().map(|site| site.base.clone());
        let mut bases: Vec<Url> = before.into_iter().collect();
        for base in [given, nested] {
            if !bases.contains(&base) {
                bases.push(base);
            }
        }
        let mut told = None;
        for base in bases {
            match self.service_info(credential, &base).await {
                Ok(site) => {
                    let site = Arc::new(site);
                    self.site.store(Some(site.clone()));
                    return Ok(site);
                }
                Err(error @ (Error::Unavailable { .. } | Error::Busy { .. })) => return Err(error),
                // A refused credential says more than a page that is no WES.
                Err(error @ Error::Credential { .. }) => told = Some(error),
                Err(error) => told = told.or(Some(error)),
            }
        }
        Err(told.expect("there is always a base to try"))
    }

    async fn service_info(&self, credential: &Credential, base: &Url) -> Result<Site> {
        let info = self.raw_info(credential, base).await?;
        let told = service_info::read(&info)
            .ok_or_else(|| Error::Malformed(format!("what answers at {base} is no WES")))?;
        Ok(Site { base: base.clone(), told })
    }

    async fn raw_info(&self, credential: &Credential, base: &Url) -> Result<Value> {
        let site = Site { base: base.clone(), told: Told::default() };
        let url = join(base, &["service-info"]);
        match self.read(credential, &site, &url).await {
            Err(Error::UnknownRun | Error::Gone(_) | Error::Refused { .. }) => {
                Err(Error::Malformed(format!("there is no service-info at {base}")))
            }
            answer => answer,
        }
    }
}

impl fmt::Display for WesBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (wes)", self.service.id)
    }
}

#[async_trait]
impl Backend for WesBackend {
    async fn describe(&self, credential: &Credential) -> Result<Offer> {
        let site = match self.site_of_busy() {
            Some(site) => site,
            None => self.probe(credential).await?,
        };
        let mut offer = site.told.offer.clone();
        if self.imputation.is_some() {
            offer.workflow_types.insert("IMPUTATION".to_owned(), vec!["1".to_owned()]);
            offer.panels.clone_from(&self.panels);
        }
        Ok(offer)
    }

    async fn check_credential(&self, credential: &Credential) -> Result<()> {
        let site = self.site(credential).await?;
        let mut url = join(&site.base, &["runs"]);
        url.query_pairs_mut().append_pair("page_size", "1");
        match self.read::<Value>(credential, &site, &url).await {
            // A server without a list says nothing about the credential.
            Err(Error::UnknownRun | Error::Refused { .. } | Error::Malformed(_)) => Ok(()),
            answer => answer.map(drop),
        }
    }

    async fn run_workflow(
        &self,
        credential: &Credential,
        submission: Submission,
    ) -> Result<BackendRunId> {
        let id = self.submit(credential, submission).await?;
        self.note_busy();
        Ok(id)
    }

    async fn find_run(
        &self,
        credential: &Credential,
        search: &Search,
    ) -> Result<Option<BackendRunId>> {
        let site = self.site(credential).await?;
        let Search { run_id, since, known } = search;
        match self.look_for(credential, &site, *run_id, Some(*since), known).await? {
            Found::Run(id) => Ok(Some(id)),
            Found::Absent => Ok(None),
            Found::TooMany => {
                Err(Error::unavailable("it has more runs than can be looked through"))
            }
            Found::Untold => Err(Error::Unsupported("it does not tell its runs apart by tags")),
        }
    }

    async fn run_states(
        &self,
        credential: &Credential,
        ids: &[BackendRunId],
    ) -> Result<Vec<Sighting>> {
        let site = self.site(credential).await?;
        let site = &site;
        let sightings =
            sight_each(ids.to_vec(), |id| async move { self.state(credential, site, &id).await })
                .await?;
        if sightings.iter().any(|sighting| sighting.observed.is_ok()) {
            self.note_busy();
        }
        Ok(sightings)
    }

    async fn run_details(&self, credential: &Credential, id: &BackendRunId) -> Result<RunDetails> {
        let site = self.site(credential).await?;
        let mut details = self.details(credential, &site, id).await?;
        read::seal(&mut details);
        Ok(details)
    }

    async fn cancel_run(&self, credential: &Credential, id: &BackendRunId) -> Result<()> {
        let site = self.site(credential).await?;
        self.cancel(credential, &site, id).await
    }

    async fn download(
        &self,
        credential: &Credential,
        id: &BackendRunId,
        locator: &str,
        range: Option<ByteRange>,
    ) -> Result<Download> {
        let site = self.site(credential).await?;
        self.open(credential, &site, id, locator, range).await
    }
}

#[cfg(test)]
mod tests;
