//! What must hold whoever changes a service, and however.

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::*;
use crate::{
    backend::client::{self, Client},
    database::Database,
    domain::{Caller, CallerId, Credential, ManualClock, RunId, ServiceId},
    ga4gh::wes::RunRequest,
    ledger::NewRun,
    registry::{self, Registry, Source},
    vault::{Keyring, MasterKey},
};

struct House {
    federation: Arc<Federation>,
    ledger: Ledger,
    vault: Arc<Vault>,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open_sqlite(&folder.path().join("db")).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let client = Client::try_new(client::Config::default()).unwrap();
        let vault =
            Arc::new(Vault::new(database.clone(), &Keyring::new(MasterKey::new([7; 32]), [])));
        let ledger = Ledger::new(database.clone(), clock.clone());
        let federation = Federation::new(Parts {
            registry: Arc::new(Registry::new(crate::vitals::Config::default())),
            store: registry::Store::new(database),
            adapters: Arc::default(),
            vault: vault.clone(),
            ledger: ledger.clone(),
            client: client.clone(),
            guarded_client: client,
            metrics: Arc::default(),
            events: Events::default(),
            clock,
        });
        Self { federation, ledger, vault, _folder: folder }
    }

    async fn create(&self, url: &str, credential: Option<&str>) -> Result<i64> {
        let credential = credential.map(|token| Credential::Bearer(token.into()));
        let change = Change { document: &kenya(url), credential, dry_run: false };
        Ok(self.federation.create(change, Source::Operator).await?.version)
    }

    async fn replace(&self, url: &str, expected: i64) -> Result<i64> {
        let change = Change { document: &kenya(url), credential: None, dry_run: false };
        let replaced = self.federation.replace(&id(), change, expected, Source::Operator).await?;
        Ok(replaced.version)
    }

    async fn import(&self, url: &str) -> ImportReport {
        let import = Import { services: vec![kenya(url)] };
        self.federation.import(&import, false).await.unwrap()
    }

    /// A run that went to the service.
    async fn run(&self) {
        run_at(&self.ledger, &id()).await;
    }

    /// The token that the gateway shows to the service.
    fn token(&self) -> Option<String> {
        match self.vault.service_credential(&id()) {
            Credential::Bearer(token) => Some(token.expose_secret().to_owned()),
            _ => None,
        }
    }
}

/// A run that a service was asked to take.
pub(super) async fn run_at(ledger: &Ledger, service: &ServiceId) -> RunId {
    let (run_id, caller) = (RunId::generate(), Caller::new(CallerId::new("i", "amina")));
    let run = NewRun {
        run_id,
        caller: &caller,
        request: &RunRequest::default(),
        decision: "{}",
        sealed_password: None,
        idempotency_key: None,
        fingerprint: None,
    };
    ledger.open(run).await.unwrap();
    ledger.begin_attempt(&run_id, service, false).await.unwrap();
    run_id
}

fn id() -> ServiceId {
    "kenya".parse().unwrap()
}

fn kenya(url: &str) -> ServiceDocument {
    let text = format!("id = \"kenya\"\nkind = \"wes\"\nurl = \"{url}\"\njurisdiction = \"KE\"");
    toml::from_str(&text).unwrap()
}

const HERE: &str = "https://wes.example.ke/";
const ELSEWHERE: &str = "https://other.example.ke/";

#[tokio::test]
async fn the_id_of_another_server_stays_retired_while_runs_are_tied_to_it() {
    let house = House::new().await;
    house.create(HERE, None).await.unwrap();
    house.run().await;
    house.federation.remove(&id(), 1, false).await.unwrap();

    assert!(matches!(house.create(ELSEWHERE, None).await, Err(Error::Retired(_))));
    let report = house.import(ELSEWHERE).await;
    assert!(report.problems[0].contains("runs are tied to it"), "{report:?}");
    let configured = vec![(kenya(ELSEWHERE).to_service().unwrap(), Credential::None)];
    assert!(matches!(house.federation.open(configured).await, Err(Error::Retired(_))));
    assert_eq!(house.import(HERE).await.added, ["kenya"]);
}

#[tokio::test]
async fn a_version_is_never_used_for_two_services() {
    let house = House::new().await;
    house.create(HERE, None).await.unwrap();
    house.federation.remove(&id(), 1, false).await.unwrap();

    assert_eq!(house.create(ELSEWHERE, None).await.unwrap(), 2);

    assert!(matches!(house.replace(HERE, 1).await, Err(Error::Stale { version: 2, .. })));
}

#[tokio::test]
async fn a_credential_stays_with_the_server_that_it_was_given_for() {
    let house = House::new().await;
    house.create(HERE, Some("for kenya")).await.unwrap();
    house.replace("https://wes.example.ke/wes/", 1).await.unwrap();
    assert_eq!(house.token().as_deref(), Some("for kenya"));

    house.replace(ELSEWHERE, 2).await.unwrap();
    assert_eq!(house.token(), None);

    let change = Change {
        document: &kenya(ELSEWHERE),
        credential: Some(Credential::Bearer("for the other".into())),
        dry_run: false,
    };
    house.federation.replace(&id(), change, 3, Source::Operator).await.unwrap();
    assert_eq!(house.import(HERE).await.changed, ["kenya"]);
    assert_eq!(house.token(), None);
}

#[tokio::test]
async fn whoever_gets_an_id_next_gets_no_credential_with_it() {
    let house = House::new().await;
    house.create(HERE, Some("for kenya")).await.unwrap();
    // What a crash between the two leaves: the record is gone, its credential is not.
    house.federation.parts.store.remove(&id(), Timestamp::UNIX_EPOCH).await.unwrap();
    house.federation.parts.registry.remove(&id());

    house.create(ELSEWHERE, None).await.unwrap();

    assert_eq!(house.token(), None);
}

#[tokio::test]
async fn an_unreadable_record_holds_up_no_other() {
    let house = House::new().await;
    house.create(HERE, None).await.unwrap();
    let mut ghana = house.federation.snapshot().get(&id()).unwrap().record().clone();
    let mut service = (*ghana.service).clone();
    // A name that no new service can have, as an older gateway may have written it.
    service.id = "compare".parse().unwrap();
    ghana.service = Arc::new(service);
    house.federation.parts.store.write([&ghana]).await.unwrap();

    let known = house.federation.parts.store.load().await.unwrap();

    assert_eq!(known.keys().map(ServiceId::as_str).collect::<Vec<_>>(), ["kenya"]);
}

#[tokio::test]
async fn where_a_node_is_can_be_changed_by_the_node_alone() {
    let house = House::new().await;
    let change = Change { document: &kenya(HERE), credential: None, dry_run: false };
    house.federation.create(change, Source::Node).await.unwrap();

    assert!(matches!(house.replace(ELSEWHERE, 1).await, Err(Error::Flawed(_))));
    let report = house.import(ELSEWHERE).await;
    assert!(report.problems[0].contains("the node that registered itself"), "{report:?}");
    let lighter = ServiceDocument { weight: 7, ..kenya(HERE) };
    let change = Change { document: &lighter, credential: None, dry_run: false };
    assert!(house.federation.replace(&id(), change, 1, Source::Operator).await.is_ok());
}
