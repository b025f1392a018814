//! One service of every kind behind one gateway, and a run for each of them.

use serde_json::{Value, json};

use crate::support::{RunForm, TestGateway, TestService, client::WesClient};

/// Kinds of simulated services; they double as the ids of the services.
pub(crate) const KINDS: [&str; 4] = ["cloudgene2", "cloudgene3", "dnastack", "wes"];

/// A gateway in front of one service of every kind.
pub(crate) struct Federation {
    pub(crate) gateway: TestGateway,
    pub(crate) amina: WesClient,
    pub(crate) services: Vec<TestService>,
}

impl Federation {
    /// Starts it with runs that take a moment only.
    pub(crate) async fn start(settings: Value) -> Self {
        let mut services = Vec::new();
        for kind in KINDS {
            let service = TestService::start(kind, kind, "ZA", &[]).await;
            service.set("queue_ms", "100");
            service.set("run_ms", "200");
            services.push(service);
        }
        let gateway = TestGateway::start_with(&services.iter().collect::<Vec<_>>(), settings).await;
        let amina = gateway.client("amina");
        Self { gateway, amina, services }
    }

    /// The service of a kind.
    pub(crate) fn service(&self, kind: &str) -> &TestService {
        let at = KINDS.iter().position(|known| *known == kind).expect("the kind is known");
        &self.services[at]
    }

    /// Turns a knob of every service.
    pub(crate) fn set(&self, knob: &str, value: &str) {
        self.services.iter().for_each(|service| service.set(knob, value));
    }

    /// Loses the runs that are submitted from now on.
    pub(crate) fn lose_runs(&self) {
        for kind in KINDS {
            let knob = if kind.starts_with("cloudgene") { "lose_job" } else { "lose_run" };
            self.service(kind).set(knob, "true");
        }
    }

    /// Submits a run to every service; their ids, in the order of [`KINDS`].
    pub(crate) async fn submit_everywhere(&self) -> Vec<String> {
        futures_util::future::join_all(KINDS.map(|kind| self.amina.submit(run_for(kind)))).await
    }

    /// Waits until all these runs have ended so.
    pub(crate) async fn all_end(&self, runs: &[String], expected: &str) {
        for (kind, run_id) in KINDS.iter().zip(runs) {
            assert_eq!(self.amina.ended(run_id).await, expected, "{kind}");
        }
    }

    /// Expects that every service took so many runs.
    pub(crate) fn each_took(&self, count: usize) {
        for (kind, service) in KINDS.iter().zip(&self.services) {
            assert_eq!(service.submissions().len(), count, "{kind}");
        }
    }
}

/// A run that only the service of a kind may take.
pub(crate) fn run_for(kind: &str) -> RunForm {
    let form = match kind {
        "wes" => RunForm::cwl(),
        "dnastack" => RunForm::cwl()
            .field("workflow_type", "WDL")
            .field("workflow_type_version", "1.0")
            .field("workflow_url", "https://example.org/hello.wdl"),
        _ => RunForm::imputation().file("chr20.vcf.gz", "genotypes"),
    };
    form.tags(&json!({"service": kind, "name": "cohort"}))
}

/// Everything that the gateway has to say about a run.
pub(crate) fn system_logs(log: &Value) -> String {
    let logs = log["run_log"]["system_logs"].as_array();
    logs.into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
}
