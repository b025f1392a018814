//! The use cases: what a caller can ask for, one file each, read top to bottom.
//!
//! [`run_workflow`] is why the gateway exists.

mod announce;
mod audited;
mod cancel_run;
mod cursor;
mod decision;
mod details;
mod dispatch;
mod error;
mod fetch;
mod files;
mod get_run;
mod imputation;
mod list_runs;
mod needs;
mod observe;
mod open_file;
mod reconcile;
mod run_workflow;
mod service_info;
mod spool;
#[cfg(test)]
mod tests;
mod watch;

use std::{
    collections::HashSet,
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, Weak},
    time::Duration,
};

use serde::Deserialize;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    audit::Audit,
    backend::{Adapters, Backend, client::Client},
    domain::{Clock, RunId, ServiceId},
    events::Events,
    ledger::Ledger,
    limit::{Limiter, Places},
    registry::Registry,
    telemetry::Metrics,
    vault::{Sealer, Vault},
};

pub use self::{
    decision::{Considered, Decision, RankedService},
    error::{Error, InputFault},
    files::{FileSink, Files, Staged, Staging, check_name},
    get_run::RunView,
    list_runs::RunPage,
    open_file::{OpenedFile, Stream, WantedFile},
    run_workflow::{Order, Repetition},
    service_info::Abilities,
};

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How the gateway follows runs, and what it takes in.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How soon after a change a service is asked again about its runs.
    #[serde(with = "humantime_serde")]
    pub poll_min: Duration,
    /// How long the gateway waits at most between two questions to a service whose runs do not change.
    /// TOPMed asks for no more than one a minute.
    #[serde(with = "humantime_serde")]
    pub poll_max: Duration,
    /// How long a run's details are served before its service is asked again.
    #[serde(with = "humantime_serde")]
    pub details_fresh_for: Duration,
    /// How long a service may not know a run, after it took it or may have taken it, before the run is
    /// given up. Shorter tells the caller sooner; too short gives up runs that a slow service is about
    /// to list.
    #[serde(with = "humantime_serde")]
    pub lost_after: Duration,
    /// Attachments are held back in memory until the run's fields are known, up to this size; beyond
    /// it they are streamed on, or spooled if the fields are still to come.
    pub stage_bytes: usize,
    /// Attachments that come before the run's fields are spooled to an encrypted file, up to this size;
    /// a larger submission is refused, and told to send its fields first.
    pub spool_bytes: u64,
    /// Hosts from which the gateway fetches inputs for services that cannot; none, unless listed.
    pub fetch_hosts: Vec<String>,
    /// Submissions under way at once; a further one waits for a place, and is told to come back then.
    pub max_submissions: usize,
    /// Services that are asked to take one run at most, if those before did not: more finds a place in a
    /// worse storm, and makes every storm that much worse.
    pub max_attempts: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            poll_min: Duration::from_secs(2),
            poll_max: Duration::from_secs(60),
            details_fresh_for: Duration::from_secs(5),
            lost_after: Duration::from_secs(600),
            stage_bytes: 4 * 1024 * 1024,
            spool_bytes: 256 * 1024 * 1024,
            fetch_hosts: Vec::new(),
            max_submissions: 256,
            max_attempts: 4,
        }
    }
}

/// Everything that the use cases stand on.
#[derive(Debug)]
pub struct Parts {
    /// Settings.
    pub config: Config,
    /// What is remembered.
    pub ledger: Ledger,
    /// What is permitted and done, for those who must prove it.
    pub audit: Audit,
    /// The services.
    pub registry: Arc<Registry>,
    /// Their adapters.
    pub adapters: Arc<Adapters>,
    /// Their credentials.
    pub vault: Arc<Vault>,
    /// For inputs that the gateway fetches.
    pub client: Client,
    /// Seals the passwords of result archives.
    pub passwords: Sealer,
    /// Signs page tokens.
    pub cursors: Sealer,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// What happens, for those who listen.
    pub events: Events,
    /// How much services are sent.
    pub limiter: Arc<Limiter>,
    /// Places for submissions, as many as `max_submissions`.
    pub places: Arc<Places>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where the spool lies.
    pub spool_dir: PathBuf,
}

/// The use cases.
pub struct Gateway {
    parts: Parts,
    tracker: TaskTracker,
    details: details::DetailsCache,
    /// This gateway, for tasks of its own.
    this: Weak<Self>,
    watches: watch::Watches,
    /// The runs whose submission this process is busy with, so that nobody else reconciles them. Held
    /// for one insertion, removal or look.
    active: Mutex<HashSet<RunId>>,
    /// Set once runs are followed.
    shutdown: OnceLock<CancellationToken>,
}

impl Gateway {
    /// The use cases over their parts. Tasks are put on `tracker`.
    pub fn new(parts: Parts, tracker: TaskTracker) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            details: details::DetailsCache::new(parts.config.details_fresh_for),
            watches: watch::Watches::default(),
            shutdown: OnceLock::new(),
            active: Mutex::default(),
            tracker,
            parts,
        })
    }

    /// Starts following placed runs and looking for lost ones, until `shutdown`.
    pub fn start(self: &Arc<Self>, shutdown: &CancellationToken) {
        let _ = self.shutdown.set(shutdown.clone());
        self.tracker.spawn(watch::resume(self.clone(), shutdown.clone()));
        self.tracker.spawn(reconcile::run(self.clone(), shutdown.clone()));
    }

    /// Whether the ledger can be read.
    pub async fn check(&self) -> Result<()> {
        Ok(self.parts.ledger.check().await?)
    }

    /// Where files are staged before a submission's fields are known.
    pub fn staging(&self) -> Staging {
        Staging::new(
            self.parts.config.stage_bytes,
            self.parts.config.spool_bytes,
            self.parts.spool_dir.clone(),
        )
    }

    fn adapter(&self, id: &ServiceId) -> Result<Arc<dyn Backend>> {
        self.parts.adapters.get(id).ok_or_else(|| Error::ServiceGone { service: id.clone() })
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("parts", &self.parts).finish_non_exhaustive()
    }
}
