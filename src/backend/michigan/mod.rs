//! Speaks to Cloudgene servers, versions 2 and 3: the Michigan Imputation Server and its kin.

mod api;
mod app;
mod conformance;
mod details;
mod download;
mod jobs;
mod limit;
mod messages;
mod names;
mod recognize;
mod submit;
#[cfg(test)]
mod tests;
mod translate;
mod wire;

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use arc_swap::ArcSwapOption;
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use self::{
    api::Api,
    app::KnownApp,
    limit::{JobLimit, Upload},
};
pub(super) use self::{conformance::examine, recognize::recognize};
use super::{
    Backend, ByteRange, Download, Error, Result, RunDetails, Search, Sighting, Submission,
    client::{Client, plain_text},
};
use crate::domain::{BackendRunId, Credential, Offer, Queue, Service, ServiceId};

/// What the service registry calls such a server; there is no official type.
pub(super) const SERVICE_TYPE: [&str; 3] = ["io.cloudgene", "imputation-server", "2"];

/// The workflow type of a canonical imputation, the only kind of run that these servers take from us.
const WORKFLOW_TYPE: &str = "IMPUTATION";

/// The locator of a job's one log.
const LOG_LOCATOR: &str = "log";

/// How long a job that is being canceled may show itself as failed in between.
const CANCELING_FOR: Duration = Duration::from_secs(120);

/// How long a description waits for what it can do without.
const ORNAMENT_TIMEOUT: Duration = Duration::from_secs(3);

/// What an operator may set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The app that imputes: its id, or its id and version as in `imputationserver@2.1.9`. Without a
    /// version, the newest one that is installed.
    app: String,
    /// Days for which the server keeps results. It tells the day itself only shortly before.
    retention_days: u16,
    /// Jobs that the server lets one user have at once. Unset, the first refusal tells, after an upload
    /// for nothing.
    max_jobs_per_user: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { app: "imputationserver2".to_owned(), retention_days: 7, max_jobs_per_user: None }
    }
}

/// One Cloudgene server.
pub(super) struct MichiganBackend {
    id: ServiceId,
    settings: Settings,
    api: Api,
    /// The app as it was read last.
    known: ArcSwapOption<KnownApp>,
    limit: JobLimit,
    /// Jobs that we asked to cancel a moment ago.
    canceling: moka::sync::Cache<BackendRunId, ()>,
}

impl MichiganBackend {
    /// Reads the adapter's settings from the service's record.
    pub(super) fn try_new(service: &Service, client: Client) -> Result<Self, String> {
        let settings: Settings = serde_json::from_value(Value::Object(service.settings.clone()))
            .map_err(|error| format!("settings: {error}"))?;
        let fits = |c: char| c.is_ascii_alphanumeric() || "._-@".contains(c);
        if settings.app.is_empty() || !settings.app.chars().all(fits) {
            return Err("settings: `app` is an id such as `imputationserver2`".to_owned());
        }
        if settings.retention_days == 0 {
            return Err("settings: `retention_days` is 1 or more".to_owned());
        }
        if !matches!(service.url.scheme(), "http" | "https") {
            return Err("the URL of a Cloudgene server begins with http:// or https://".to_owned());
        }
        if settings.max_jobs_per_user == Some(0) {
            return Err("settings: `max_jobs_per_user` is 1 or more".to_owned());
        }
        let limit = JobLimit::new(settings.max_jobs_per_user);
        let canceling =
            moka::sync::Cache::builder().max_capacity(10_000).time_to_live(CANCELING_FOR).build();
        Ok(Self {
            id: service.id.clone(),
            settings,
            api: Api { base: service.url.clone(), client },
            known: ArcSwapOption::empty(),
            limit,
            canceling,
        })
    }

    /// The app, read again unless the server still lists the one that is known.
    async fn app(&self, credential: &Credential, server: &wire::Server) -> Result<Arc<KnownApp>> {
        let wanted = app::choose(server, &self.settings.app).unwrap_or(&self.settings.app);
        match self.known.load_full() {
            Some(known) if known.id == wanted => Ok(known),
            _ => self.read_app(credential, wanted).await,
        }
    }

    async fn read_app(&self, credential: &Credential, id: &str) -> Result<Arc<KnownApp>> {
        let app = self.api.app(credential, id).await?;
        let known = Arc::new(KnownApp { id: id.to_owned(), app });
        self.known.store(Some(known.clone()));
        Ok(known)
    }

    /// Finds out before the upload what would refuse the run only after it.
    async fn check_open(
        &self,
        credential: &Credential,
        upload: &Upload<'_>,
    ) -> Result<wire::Server> {
        let server = self.api.server(credential).await?;
        if let Some(why) = closed(&server) {
            return Err(Error::unavailable(why));
        }
        check_token(&server)?;
        if let Some(limit) = self.limit.get()
            && upload.before() + jobs::count_active(&self.api, credential).await? >= limit
        {
            let message = format!("it lets a user have {limit} jobs at once");
            return Err(Error::Busy { message, retry_after: None });
        }
        Ok(server)
    }

    fn is_canceling(&self, id: &BackendRunId) -> bool {
        self.canceling.contains_key(id)
    }

    fn retention(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.retention_days) * 24 * 3600)
    }
}

/// Version and queue are ornaments: without them they are simply not known, and nothing waits for them.
async fn unless_slow<T>(told: impl Future<Output = Result<T>>) -> Option<T> {
    tokio::time::timeout(ORNAMENT_TIMEOUT, told).await.ok()?.ok()
}

fn queue(counters: wire::Counters) -> Option<Queue> {
    let under_way = counters.queue?.size?;
    Some(Queue { under_way, waiting: None, running: None })
}

/// Why the server takes no runs, if it is under maintenance.
fn closed(server: &wire::Server) -> Option<String> {
    let said = server.maintenace_message.as_deref().map(plain_text).unwrap_or_default();
    // A text that its operator never set reads as `!` and the name of the text.
    let said = Some(said).filter(|said| !said.is_empty() && !said.starts_with('!'));
    server.maintenace.then(|| said.unwrap_or_else(|| "the server is under maintenance".to_owned()))
}

/// The servers answer this call to everybody, and say whether they know the caller.
fn check_token(server: &wire::Server) -> Result<()> {
    if server.logged_in == Some(false) {
        let message = "the token is missing, expired or replaced by a newer one".to_owned();
        return Err(Error::Credential { message });
    }
    Ok(())
}

#[async_trait]
impl Backend for MichiganBackend {
    async fn describe(&self, credential: &Credential) -> Result<Offer> {
        let (server, badge, counters) = tokio::join!(
            self.api.server(credential),
            unless_slow(self.api.badge()),
            unless_slow(self.api.counters()),
        );
        let server = server?;
        let version = badge.and_then(|badge| app::badge_version(&badge));
        let offer = Offer {
            queue: counters.and_then(queue),
            max_runs: self.limit.get().and_then(|limit| u64::try_from(limit).ok()),
            ..offer(&server, version)
        };
        if let Some(why) = closed(&server) {
            // The apps cannot be read now; the panels stay those that were read before.
            let known = self.known.load_full();
            let panels = known.map(|known| app::panels(&known.app)).unwrap_or_default();
            return Ok(Offer { panels, closed: Some(why), ..offer });
        }
        check_token(&server)?;
        let wanted = app::choose(&server, &self.settings.app).unwrap_or(&self.settings.app);
        let known = self.read_app(credential, wanted).await?;
        Ok(Offer { panels: app::panels(&known.app), ..offer })
    }

    async fn check_credential(&self, credential: &Credential) -> Result<()> {
        check_token(&self.api.server(credential).await?)?;
        self.api.jobs_page(credential, 1).await.map(drop)
    }

    async fn run_workflow(
        &self,
        credential: &Credential,
        submission: Submission,
    ) -> Result<BackendRunId> {
        let Submission { run_id, request, imputation, attachments } = submission;
        let Some(order) = imputation else {
            return Err(Error::Unsupported("it runs nothing but imputations"));
        };
        let attachments = names::renamed(attachments).map_err(Error::Input)?;
        let upload = self.limit.begin(credential);
        let server = self.check_open(credential, &upload).await?;
        let known = self.app(credential, &server).await?;
        let name = submit::job_name(run_id, request.tags.get("name").map(String::as_str));
        let form = submit::form(&known.app, &order, &name)?;
        let content_type = form.content_type();
        let body = form.into_body_with(submit::FILES, attachments, str::to_owned);

        let placed = self.api.submit(credential, &known.id, content_type, body).await;
        match &placed {
            Err(Error::Busy { message, .. }) => self.limit.learn(message),
            // The app may have changed since it was read.
            Err(Error::Refused { .. }) => self.known.store(None),
            _ => {}
        }
        placed
    }

    async fn find_run(
        &self,
        credential: &Credential,
        search: &Search,
    ) -> Result<Option<BackendRunId>> {
        jobs::find(&self.api, credential, search).await
    }

    async fn run_states(
        &self,
        credential: &Credential,
        ids: &[BackendRunId],
    ) -> Result<Vec<Sighting>> {
        jobs::sight(&self.api, credential, ids, |id| self.is_canceling(id)).await
    }

    async fn run_details(&self, credential: &Credential, id: &BackendRunId) -> Result<RunDetails> {
        let job = self.api.job(credential, id).await?;
        details::details(&job, self.is_canceling(id), self.retention())
    }

    async fn cancel_run(&self, credential: &Credential, id: &BackendRunId) -> Result<()> {
        // Noted before, since a lost answer may have had its effect.
        self.canceling.insert(id.clone(), ());
        if self.api.cancel(credential, id).await? {
            return Ok(());
        }
        let job = self.api.job(credential, id).await?;
        if translate::is_over(job.state) {
            Ok(())
        } else {
            Err(Error::unavailable("it found nothing to cancel, though the job is not over"))
        }
    }

    async fn download(
        &self,
        credential: &Credential,
        id: &BackendRunId,
        locator: &str,
        range: Option<ByteRange>,
    ) -> Result<Download> {
        download::download(&self.api, credential, id, locator, range).await
    }
}

/// What every Cloudgene server offers. They cannot fetch inputs.
fn offer(server: &wire::Server, version: Option<String>) -> Offer {
    let engine = version.clone().unwrap_or_else(|| app::generation(server).to_owned());
    Offer {
        workflow_types: BTreeMap::from([(WORKFLOW_TYPE.to_owned(), vec!["1".to_owned()])]),
        engines: BTreeMap::from([("cloudgene".to_owned(), vec![engine])]),
        version,
        ..Offer::default()
    }
}

impl fmt::Debug for MichiganBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MichiganBackend")
            .field("id", &self.id)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for MichiganBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (michigan)", self.id)
    }
}
