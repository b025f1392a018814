//! Use cases over scripted services, without a socket.

mod dispatching;
mod files;
mod following;
mod scripted;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use tempfile::TempDir;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::scripted::Scripted;
use super::*;
use crate::{
    audit::Audit,
    backend::client,
    database::Database,
    domain::{Caller, CallerId, ManualClock, Offer, Service},
    ga4gh::wes::{RunRequest, State},
    limit,
    registry::Reach,
};

/// A gateway over scripted services, on a database of its own.
struct House {
    gateway: Arc<Gateway>,
    registry: Arc<Registry>,
    tracker: TaskTracker,
    shutdown: CancellationToken,
    _folder: TempDir,
}

impl House {
    /// A gateway in front of services that all run CWL. The first one is asked first: the others get runs
    /// only if nobody else can.
    async fn over(services: &[(&str, &Arc<Scripted>)]) -> Self {
        let lost_after = Duration::from_millis(300);
        Self::with(services, Config { lost_after, ..Config::default() }).await
    }

    async fn with(services: &[(&str, &Arc<Scripted>)], config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open_sqlite(&folder.path().join("house.sqlite")).await.unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
        let weights = std::iter::once(Service::DEFAULT_WEIGHT).chain(std::iter::repeat(0));
        let records = services.iter().zip(weights);
        let records = records.map(|((id, _), weight)| Service { weight, ..service(id) });
        let registry = Arc::new(Registry::of(records));
        let adapters = Arc::new(Adapters::default());
        for (id, backend) in services {
            let id: ServiceId = id.parse().unwrap();
            registry.publish(&id, Reach::Usable, Some(runs_cwl()), clock.now());
            let backend: Arc<dyn Backend> = (*backend).clone();
            adapters.put(id, backend);
        }
        let config = Config {
            poll_min: Duration::from_millis(10),
            poll_max: Duration::from_millis(20),
            details_fresh_for: Duration::from_millis(10),
            stage_bytes: 64,
            ..config
        };
        let parts = Parts {
            config,
            audit: Audit::new(database.clone(), clock.clone()),
            ledger: Ledger::new(database, clock.clone()),
            registry: registry.clone(),
            adapters,
            vault: Arc::default(),
            client: client::Client::try_new(client::Config::default()).unwrap(),
            passwords: Sealer::new(&[7; 32], "passwords"),
            cursors: Sealer::new(&[7; 32], "cursors"),
            clock,
            limiter: Arc::new(Limiter::new(&limit::Config::default(), Arc::default())),
            places: Places::new(256, limit::Submissions::default(), Arc::default()),
            metrics: Arc::default(),
            events: Events::default(),
            spool_dir: folder.path().to_owned(),
        };
        let tracker = TaskTracker::new();
        let gateway = Gateway::new(parts, tracker.clone());
        Self { gateway, registry, tracker, shutdown: CancellationToken::new(), _folder: folder }
    }

    /// Starts following runs and looking for lost ones.
    fn follow(&self) {
        self.gateway.start(&self.shutdown);
    }

    async fn submit(&self, files: Files) -> Result<RunId> {
        let order =
            Order { request: request(), files, idempotency_key: None, fingerprint: Arc::default() };
        self.gateway.run_workflow(&amina(), order).await
    }

    async fn state(&self, run_id: RunId) -> State {
        self.gateway.run_state(&amina(), &run_id.to_string()).await.unwrap().1
    }

    /// Waits until the run is in a state.
    async fn reaches(&self, run_id: RunId, wanted: State) {
        let reached = async {
            while self.state(run_id).await != wanted {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(10), reached).await.is_err() {
            panic!("the run is {:?}, not {wanted:?}", self.state(run_id).await);
        }
    }

    /// Why the run went where it went.
    async fn decision(&self, run_id: RunId) -> Decision {
        let (entry, _) = self.gateway.decision(&amina(), &run_id.to_string()).await.unwrap();
        serde_json::from_str(&entry.decision).unwrap()
    }

    async fn outcomes(&self, run_id: RunId) -> Vec<(String, String)> {
        let attempts = self.gateway.parts.ledger.attempts(&run_id).await.unwrap();
        attempts.into_iter().map(|attempt| (attempt.service_id, attempt.outcome)).collect()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

fn amina() -> Caller {
    Caller::new(CallerId::new("issuer", "amina"))
}

fn request() -> RunRequest {
    RunRequest {
        workflow_type: "CWL".to_owned(),
        workflow_type_version: "v1.2".to_owned(),
        workflow_url: "https://example.org/hello.cwl".to_owned(),
        ..RunRequest::default()
    }
}

fn runs_cwl() -> Offer {
    let versions = vec!["v1.2".to_owned()];
    Offer { workflow_types: BTreeMap::from([("CWL".to_owned(), versions)]), ..Offer::default() }
}

fn service(id: &str) -> Service {
    let url = "http://127.0.0.1:1".parse().unwrap();
    Service::new(id.parse().unwrap(), "wes", url, "KE".parse().unwrap())
}
