//! Nodes that register, honest and hostile, over a database of their own and a clock that stands still.

mod hostile;
mod life;
mod rotation;

use std::{net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Approval, Claims, Config, Error, Invited, NewInvitation, Nodes, Parts, Purpose};
use crate::{
    backend::client::{self, Client, Guard, Resolve},
    database::Database,
    domain::{Clock, ManualClock, ServiceId},
    events::Events,
    federation::{self, Federation},
    jose::{Algorithm, Signer},
    ledger::Ledger,
    nodes::{Node, Report, Roster, SelfState, Standing},
    registry::{self, Mode, Record, Registry},
    telemetry::Metrics,
    vault::Vault,
};

const NOW: i64 = 1_800_000_000;
const AUDIENCE: &str = "https://gateway.example";
const LEASE: Duration = Duration::from_secs(180);

/// Names that stand for addresses on the internet, but for one.
#[derive(Debug)]
struct Internet;

#[async_trait]
impl Resolve for Internet {
    async fn resolve(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        let address = if name == "inside.example" { [10, 0, 0, 7] } else { [93, 184, 216, 34] };
        Ok(vec![address.into()])
    }
}

/// A gateway's use cases around nodes.
struct House {
    nodes: Arc<Nodes>,
    federation: Arc<Federation>,
    registry: Arc<Registry>,
    roster: Roster,
    ledger: Ledger,
    vault: Arc<Vault>,
    clock: Arc<ManualClock>,
    _folder: TempDir,
}

impl House {
    async fn new() -> Self {
        Self::with(Config::default()).await
    }

    async fn with(config: Config) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open_sqlite(&folder.path().join("nodes.sqlite")).await.unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(NOW).unwrap()));
        let shared: Arc<dyn Clock> = clock.clone();
        let registry = Arc::new(Registry::new(crate::vitals::Config::default()));
        let client = Client::try_new(client::Config::default()).unwrap();
        let vault = Arc::new(Vault::default());
        let ledger = Ledger::new(database.clone(), shared.clone());
        let federation = Federation::new(federation::Parts {
            registry: registry.clone(),
            store: registry::Store::new(database.clone()),
            adapters: Arc::default(),
            vault: vault.clone(),
            ledger: ledger.clone(),
            client: client.clone(),
            guarded_client: client,
            metrics: Arc::new(Metrics::new()),
            events: Events::default(),
            clock: shared.clone(),
        });
        let roster = Roster::new(database, shared.clone());
        let nodes = Nodes::new(Parts {
            config,
            audience: AUDIENCE.to_owned(),
            roster: roster.clone(),
            federation: federation.clone(),
            registry: registry.clone(),
            ledger: ledger.clone(),
            guard: Guard::new(Vec::new(), Vec::new()).with_resolver(Arc::new(Internet)),
            events: Events::default(),
            clock: shared,
        });
        Self { nodes, federation, registry, roster, ledger, vault, clock, _folder: folder }
    }

    async fn invite(&self) -> String {
        self.invited(NewInvitation::default()).await.secret.expose_secret().to_owned()
    }

    async fn invited(&self, new: NewInvitation) -> Invited {
        let new = NewInvitation { label: "ICER".to_owned(), ..new };
        self.nodes.invite(new, "operator").await.unwrap()
    }

    /// What a node signs now. Each call is a millisecond later than the one before.
    fn claims(&self, purpose: Purpose) -> Claims {
        self.clock.advance(Duration::from_millis(1));
        Claims::new(AUDIENCE, "icer", purpose, self.clock.now())
    }

    fn registration(&self, secret: &str) -> Claims {
        Claims {
            invitation: Some(secret.to_owned()),
            service: Some(document()),
            ..self.claims(Purpose::Register)
        }
    }

    /// Registers a node by an invitation of its own.
    async fn pending(&self, signer: &Signer) -> Node {
        let claims = self.registration(&self.invite().await);
        self.nodes.register(&claims.sign_with_key(signer)).await.unwrap()
    }

    async fn approve(&self) -> Node {
        let revision = self.node().await.revision;
        let approval = Approval { revision, credential: None };
        self.nodes.approve("icer", approval, "operator").await.unwrap()
    }

    async fn approved(&self, signer: &Signer) -> Node {
        self.pending(signer).await;
        self.approve().await
    }

    async fn beat(&self, signer: &Signer) -> Result<Node, Error> {
        let text = self.claims(Purpose::Heartbeat).sign_with_id(signer);
        self.nodes.heartbeat("icer", &text).await
    }

    async fn report(&self, signer: &Signer, state: SelfState) -> Node {
        let report = Report { state, ..Report::default() };
        let claims = Claims { report: Some(report), ..self.claims(Purpose::Heartbeat) };
        self.nodes.heartbeat("icer", &claims.sign_with_id(signer)).await.unwrap()
    }

    /// Asks for a change of the service, with a key that takes part.
    async fn change(&self, signer: &Signer, service: Value) -> Result<Node, Error> {
        let claims = Claims { service: Some(service), ..self.claims(Purpose::Register) };
        self.nodes.register(&claims.sign_with_key(signer)).await
    }

    async fn node(&self) -> Node {
        self.nodes.node("icer").await.unwrap()
    }

    /// The record of its service, if it is in force.
    fn record(&self) -> Option<Record> {
        let id: ServiceId = "icer".parse().unwrap();
        self.registry.snapshot().get(&id).map(|listing| listing.record().clone())
    }

    fn mode(&self) -> Option<Mode> {
        self.record().map(|record| record.mode)
    }
}

fn signer() -> Signer {
    signer_of(Algorithm::EdDsa)
}

fn signer_of(algorithm: Algorithm) -> Signer {
    Signer::from_pem(&Signer::generate(algorithm).unwrap()).unwrap()
}

fn document() -> Value {
    json!({"id": "icer", "kind": "wes", "url": "https://wes.icer.example/", "jurisdiction": "ML"})
}

/// The document with one member changed.
fn document_with(member: &str, value: Value) -> Value {
    let mut document = document();
    document[member] = value;
    document
}
