//! A service under test: a simulator, the adapter in front of it, and what may be expected of them.

use std::{collections::HashSet, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt;
use ga4gh_gateway::{
    backend::{
        self, Attachments, Backend, Download, Error, ImputationOrder, Observed, Search, Submission,
        client::{Client, Config},
    },
    domain::{
        BackendRunId, Build, Clock, Credential, Imputation, Mode, Phasing, ReferencePanel, RunId,
        Service, SystemClock,
    },
    ga4gh::wes::{RunRequest, State},
    simulator::Simulator,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use crate::support::eventually::eventually;

/// What is chosen for every archive.
pub(super) const PASSWORD: &str = "Sesame0penNow42";

/// One kind of service, and which abilities it has. What a service cannot do is checked as well.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// Kind of the simulator.
    pub(super) simulator: &'static str,
    /// Knobs that make it this kind.
    pub(super) knobs: &'static [(&'static str, &'static str)],
    /// Its language; `IMPUTATION` goes with an order.
    pub(super) workflow_type: &'static str,
    /// The knob for a program that fails, and its setting.
    pub(super) failing: &'static str,
    /// The knob that bounds the runs under way.
    pub(super) limit: &'static str,
    /// The knob by which an accepted run gets lost.
    pub(super) lose: &'static str,
    /// What it shows of a run that waits.
    pub(super) waiting: State,
    /// Whether it keeps tags, so that a run can be found again.
    pub(super) finds: bool,
    /// Whether it heeds a cancel.
    pub(super) cancels: bool,
    /// What becomes of an ended run that is canceled.
    pub(super) canceled_after_end: State,
    /// What it says to an id that it never gave out.
    pub(super) unknown: Unknown,
    /// An id in its own form that it never gave out.
    pub(super) strange_id: &'static str,
    /// Whether it tells when a run started and ended.
    pub(super) times: bool,
    /// Whether it tells the exit code of a run.
    pub(super) exit_code: bool,
    /// Tasks of an ended run.
    pub(super) tasks: usize,
    /// Logs of an ended run with its tasks: those to be fetched, and those in the answer itself.
    pub(super) logs: (usize, usize),
    /// Whether outputs can be downloaded.
    pub(super) files: bool,
    /// Whether it grants a part of a file.
    pub(super) ranges: bool,
    /// Whether names of files arrive as they were given.
    pub(super) keeps_names: bool,
    /// Size of the large file; the largest goes to one kind per adapter, to save time.
    pub(super) large: u64,
}

/// What a service says to an id that it never gave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// That it does not know it.
    Told,
    /// That it has crashed.
    Crash,
    /// That it runs: it makes the run up.
    MadeUp,
}

/// A running service and its adapter.
pub(super) struct Subject {
    pub(super) kind: Kind,
    pub(super) simulator: Simulator,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) credential: Credential,
}

/// How long an impatient adapter waits for anything.
const IMPATIENCE: Duration = Duration::from_millis(1000);

impl Subject {
    /// A service whose runs end at once.
    pub(super) async fn start(kind: &Kind) -> Self {
        Self::start_with(kind, &[]).await
    }

    /// A service with further knobs.
    pub(super) async fn start_with(kind: &Kind, knobs: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let quick: &[_] = match kind.adapter() {
            "michigan" => &[("queue_ms", "0"), ("run_ms", "0"), ("export_ms", "0"), GAP],
            _ => &[("queue_ms", "0"), ("prepare_ms", "0"), ("run_ms", "0"), ("cancel_ms", "0")],
        };
        let knobs: Vec<_> = [quick, kind.knobs, knobs]
            .concat()
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let simulator =
            Simulator::start(kind.simulator, listener, &knobs).expect("knobs are known");
        let url = simulator.url();
        let backend = adapter(kind, &url, Duration::from_secs(20));
        let credential = credential(kind, &url, true);
        Self { kind: *kind, simulator, backend, credential }
    }

    /// The same service before an adapter that does not wait long, and knows nothing yet.
    pub(super) fn impatient(&self) -> Arc<dyn Backend> {
        adapter(&self.kind, &self.simulator.url(), IMPATIENCE)
    }

    /// A credential that the service does not accept.
    pub(super) fn bad_credential(&self) -> Credential {
        credential(&self.kind, &self.simulator.url(), false)
    }

    pub(super) fn set(&self, knob: &str, value: impl ToString) {
        self.simulator.set(knob, &value.to_string()).expect("the knob is known");
    }

    /// A submission that the service takes, with the files that it wants at least.
    pub(super) fn submission(&self, run_id: RunId) -> Submission {
        let files = match self.kind.adapter() {
            "michigan" => vec![("chr20.vcf.gz".to_owned(), Bytes::from_static(b"genotypes"))],
            _ => Vec::new(),
        };
        self.submission_of(run_id, "https://example.org/main", Attachments::in_memory(files))
    }

    /// A submission with files. `workflow_url` matters to services of workflows.
    pub(super) fn submission_of(
        &self,
        run_id: RunId,
        workflow_url: &str,
        attachments: Attachments,
    ) -> Submission {
        let imputes = self.kind.adapter() == "michigan";
        let request = json!({
            "workflow_params": {"message": "hello"},
            "workflow_type": self.kind.workflow_type,
            "workflow_type_version": "1",
            "workflow_url": workflow_url,
            "tags": {"name": "cohort"},
        });
        let request: RunRequest = serde_json::from_value(request).expect("the request is valid");
        Submission { run_id, request, imputation: imputes.then(order), attachments }
    }

    /// Submits a run that is taken.
    pub(super) async fn submit(&self) -> BackendRunId {
        let submission = self.submission(RunId::generate());
        let placed = self.backend.run_workflow(&self.credential, submission).await;
        placed.unwrap_or_else(|error| panic!("{}: {error}", self.backend))
    }

    /// Submits a run that waits, until somebody cancels it.
    pub(super) async fn submit_waiting(&self) -> BackendRunId {
        self.set("queue_ms", 3_600_000);
        let id = self.submit().await;
        self.set("queue_ms", 0);
        id
    }

    /// Submits a run that runs, until somebody cancels it.
    pub(super) async fn submit_running(&self) -> BackendRunId {
        // Cloudgene 2 shows a tenth of this as waiting.
        self.set("run_ms", 6_000);
        let id = self.submit().await;
        self.set("run_ms", 0);
        self.reaches(&id, State::Running).await;
        id
    }

    pub(super) async fn ended(&self) -> BackendRunId {
        let id = self.submit().await;
        self.reaches(&id, State::Complete).await;
        id
    }

    pub(super) async fn state(&self, id: &BackendRunId) -> Result<Observed, Error> {
        state(&*self.backend, &self.credential, id).await
    }

    pub(super) async fn reaches(&self, id: &BackendRunId, wanted: State) {
        eventually(&format!("{}: the run is {wanted:?}", self.backend), || async {
            match self.state(id).await {
                Ok(seen) if seen.state == wanted => Ok(()),
                seen => Err(seen),
            }
        })
        .await;
    }

    pub(super) async fn find(&self, run_id: RunId) -> Option<BackendRunId> {
        match self.backend.find_run(&self.credential, &search(run_id)).await {
            Ok(found) => found,
            // That it cannot be told is the honest answer of a server that shows no tags.
            Err(Error::Unsupported(_)) if !self.kind.finds => None,
            Err(error) => panic!("{}: {error}", self.backend),
        }
    }

    /// Opens and reads a file.
    pub(super) async fn read(&self, id: &BackendRunId, locator: &str) -> Vec<u8> {
        let download = self.backend.download(&self.credential, id, locator, None).await;
        all(download.unwrap_or_else(|error| panic!("{}: {locator}: {error}", self.backend))).await
    }

    /// A locator of the form that the adapter makes, of a log that needs a credential.
    pub(super) fn locator(&self, id: &BackendRunId) -> String {
        match self.kind.adapter() {
            "michigan" => "log".to_owned(),
            "dnastack" => "logs/stderr".to_owned(),
            _ => format!("{}ga4gh/wes/v1/runs/{id}/outputs/result.bin", self.simulator.url()),
        }
    }

    pub(super) fn accepted(&self) -> usize {
        self.simulator.submissions.all().len()
    }
}

const GAP: (&str, &str) = ("gap_after_success_ms", "0");

impl Kind {
    /// The kind of its adapter.
    pub(super) fn adapter(&self) -> &'static str {
        match self.simulator {
            "cloudgene3" | "cloudgene2" => "michigan",
            other => other,
        }
    }
}

/// The adapter for a service at `url`, with one deadline for everything.
pub(super) fn adapter(kind: &Kind, url: &Url, deadline: Duration) -> Arc<dyn Backend> {
    let config = Config {
        connect_timeout: deadline,
        answer_timeout: deadline,
        submit_timeout: deadline,
        stall_timeout: deadline,
        ..Config::default()
    };
    let settings = match kind.adapter() {
        "dnastack" => json!({"namespace": "5d1f7b0c-8f6e-4f0a-9c55-2f9a6f0b7c11"}),
        _ => json!({}),
    };
    let Value::Object(settings) = settings else { unreachable!("an object was written") };
    let (id, law) = ("subject".parse().expect("a plain id"), "ZA".parse().expect("a country"));
    let service = Service { settings, ..Service::new(id, kind.adapter(), url.clone(), law) };
    let client = Client::try_new(config).expect("the machine trusts somebody");
    backend::build(&service, &client).expect("the settings are right")
}

fn credential(kind: &Kind, url: &Url, good: bool) -> Credential {
    let secret = |secret: &str| if good { secret } else { "wrong" }.into();
    match kind.adapter() {
        "michigan" => Credential::Bearer(secret("sim-token")),
        "dnastack" => Credential::ClientCredentials {
            token_url: url.join("/oauth/token").expect("a path"),
            client_id: "simulated-client".to_owned(),
            client_secret: secret("simulated-secret"),
            scope: None,
            resource: Some(url.to_string()),
        },
        _ => Credential::Bearer(secret("simulated-token")),
    }
}

fn order() -> ImputationOrder {
    let panel = "1000g-phase-3-v5";
    ImputationOrder {
        imputation: Imputation {
            panel: panel.to_owned(),
            build: Build::Hg19,
            population: Some("eur".to_owned()),
            phasing: Phasing::default(),
            mode: Mode::default(),
            r2_filter: 0.0,
            aes_encryption: false,
            meta: false,
            files: Vec::new(),
        },
        panel: ReferencePanel {
            id: panel.to_owned(),
            key: format!("apps@{panel}@2.0.0"),
            name: panel.to_owned(),
            build: Some(Build::Hg19),
            input_builds: vec![Build::Hg19, Build::Hg38],
            populations: Vec::new(),
            ..ReferencePanel::default()
        },
        archive_password: PASSWORD.into(),
    }
}

/// A search for a run that was submitted a moment ago.
pub(super) fn search(run_id: RunId) -> Search {
    Search { run_id, since: SystemClock.now(), known: HashSet::new() }
}

/// What is seen of one run, wherever the answer puts a failure.
pub(super) async fn state(
    backend: &dyn Backend,
    credential: &Credential,
    id: &BackendRunId,
) -> Result<Observed, Error> {
    let mut sightings = backend.run_states(credential, std::slice::from_ref(id)).await?;
    assert_eq!(sightings.len(), 1, "{backend}");
    sightings.remove(0).observed
}

/// Reads a download to its end.
pub(super) async fn all(download: Download) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut chunks = download.bytes;
    while let Some(chunk) = chunks.next().await {
        bytes.extend_from_slice(&chunk.expect("the file comes whole"));
    }
    bytes
}
