//! Simulated services, each with the line of configuration that an operator would write for it.

use ga4gh_gateway::simulator::{Simulator, Submission};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A simulated service that a gateway can be put in front of.
pub(crate) struct TestService {
    /// The simulator, to turn its knobs and to count what it took.
    pub(crate) simulator: Simulator,
    /// Its entry under `services`.
    pub(crate) config: Value,
}

impl TestService {
    /// Starts a simulator of a kind under the law of a country, with knobs set.
    pub(crate) async fn start(
        id: &str,
        kind: &str,
        jurisdiction: &str,
        knobs: &[(&str, &str)],
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let knobs: Vec<_> =
            knobs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let simulator = Simulator::start(kind, listener, &knobs).expect("the knobs are known");
        let url = simulator.url();
        let (adapter, credential, settings) = match kind {
            "cloudgene3" | "cloudgene2" => ("michigan", cloudgene_token(), json!({})),
            "dnastack" => (
                "dnastack",
                json!({
                    "type": "client_credentials",
                    "token_url": format!("{url}oauth/token"),
                    "client_id": "simulated-client",
                    "client_secret": secret_file("simulated-secret"),
                    "resource": url,
                }),
                json!({"namespace": "5d1f7b0c-8f6e-4f0a-9c55-2f9a6f0b7c11"}),
            ),
            _ => ("wes", json!({"type": "none"}), json!({})),
        };
        let config = json!({
            "id": id,
            "kind": adapter,
            "url": url,
            "jurisdiction": jurisdiction,
            "credential": credential,
            "settings": settings,
        });
        Self { simulator, config }
    }

    /// Settings of its adapter.
    pub(crate) fn settings(mut self, settings: Value) -> Self {
        self.config["settings"] = settings;
        self
    }

    /// Sets a member of its configuration, such as `weight`.
    pub(crate) fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.config[member] = value.into();
        self
    }

    /// What it took.
    pub(crate) fn submissions(&self) -> Vec<Submission> {
        self.simulator.submissions.all()
    }

    /// Turns a knob.
    pub(crate) fn set(&self, knob: &str, value: &str) {
        self.simulator.set(knob, value).expect("the knob is known");
    }
}

fn cloudgene_token() -> Value {
    json!({"type": "header", "name": "X-Auth-Token", "value": secret_file("sim-token")})
}

/// Secrets are always given by reference; the simulators' are known to everybody.
pub(crate) fn secret_file(secret: &str) -> String {
    let name = secret.replace('/', "_");
    let path =
        std::env::temp_dir().join(format!("ga4gh-gateway-test-{}-{name}", std::process::id()));
    std::fs::write(&path, secret).expect("the temporary folder can be written");
    format!("file:{}", path.display())
}
