//! API keys: the same suite on both databases, and as machines use them.

#![expect(clippy::unwrap_used, reason = "the suite is made of functions that only tests call")]

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ga4gh_gateway::{
    auth::{
        ApiKeys, Authenticator, Config, DevelopmentIssuer, Error, KeyError, KeysConfig, NewKey,
        Parts,
    },
    database::Database,
    domain::{Caller, CallerId, Clock, Credential, ManualClock, Role, Scope},
};
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{RunForm, TestGateway, client::WesClient, postgres::Postgres};

const DAY: Duration = Duration::from_secs(24 * 3600);

struct Suite {
    keys: Arc<ApiKeys>,
    door: Authenticator,
    clock: Arc<ManualClock>,
    amina: Caller,
    _files: TempDir,
}

impl Suite {
    fn over(database: Database) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
        let keys = KeysConfig { max_per_caller: 3, ..KeysConfig::default() };
        let keys = Arc::new(ApiKeys::new(database, keys, clock.clone()));
        let files = tempfile::tempdir().unwrap();
        let shared: Arc<dyn Clock> = clock.clone();
        let development = DevelopmentIssuer::open(files.path(), shared.clone()).unwrap();
        let door = Authenticator::build(Parts {
            config: &Config::default(),
            development: Some(&development),
            fetch: None,
            keys_folder: None,
            api_keys: Some(keys.clone()),
            database: None,
            read_secret: |place| Err(place.to_owned()),
            clock: shared,
        });
        let amina = Caller {
            institution: Some("Ilifu".to_owned()),
            roles: BTreeSet::from([Role::Researcher, Role::DataSteward]),
            ..Caller::new(CallerId::new("https://issuer.example", "amina"))
        };
        Self { keys, door: door.unwrap(), clock, amina, _files: files }
    }

    async fn made(&self, new: NewKey) -> (String, String) {
        let (key, secret) = self.keys.create(&self.amina, new).await.unwrap();
        (key.id, secret.expose_secret().to_owned())
    }

    async fn shown(&self, secret: &str) -> Result<Arc<Caller>, Error> {
        let value = format!("Bearer {secret}").parse().unwrap();
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]);
        self.door.authenticate(&headers).await
    }

    async fn a_key_stands_for_its_maker_with_what_was_asked_for(&self) {
        let (id, secret) = self.made(reading()).await;

        let caller = self.shown(&secret).await.unwrap();

        assert_eq!((&caller.id, &caller.institution), (&self.amina.id, &self.amina.institution));
        assert_eq!(caller.roles, BTreeSet::from([Role::Researcher]));
        assert_eq!(caller.scopes, BTreeSet::from([Scope::Read]));
        assert_eq!(caller.key.as_deref(), Some(id.as_str()));
        assert_eq!(secret.matches(&id).count(), 1);
        self.keys.revoke(Some(&self.amina.id), &id).await.unwrap();
    }

    async fn a_revoked_key_is_refused_at_once(&self) {
        let (id, secret) = self.made(reading()).await;
        assert!(self.shown(&secret).await.is_ok());

        self.keys.revoke(Some(&self.amina.id), &id).await.unwrap();

        assert_eq!(self.shown(&secret).await.unwrap_err(), Error::UnknownApiKey);
        let again = self.keys.revoke(Some(&self.amina.id), &id).await;
        assert!(again.is_ok(), "revoking twice is no harm");
    }

    async fn a_key_ends_on_time(&self) {
        let (_, secret) = self.made(NewKey { life: Some(DAY), ..reading() }).await;
        self.clock.advance(DAY - Duration::from_secs(1));
        assert!(self.shown(&secret).await.is_ok());

        self.clock.advance(Duration::from_secs(1));

        assert_eq!(self.shown(&secret).await.unwrap_err(), Error::TokenExpired);
    }

    async fn invented_keys_are_refused(&self) {
        let (id, secret) = self.made(reading()).await;
        let other = self.made(reading()).await.1;
        let (stolen_id, rest) =
            (other.split('_').nth(1).unwrap(), secret.split('_').nth(2).unwrap());
        for invented in [
            secret[..secret.len() - 1].to_owned(),
            format!("{secret}_"),
            format!("gagk_{stolen_id}_{rest}_00000000"),
            format!("gagk_{id}"),
            "gagk_".to_owned(),
        ] {
            let refused = self.shown(&invented).await.unwrap_err();
            assert_eq!(refused, Error::UnknownApiKey, "{invented}");
        }
        for (id, _) in [(id, ()), (stolen_id.to_owned(), ())] {
            self.keys.revoke(None, &id).await.unwrap();
        }
    }

    async fn a_key_is_worth_no_more_than_its_maker(&self) {
        let narrow = Caller { scopes: BTreeSet::from([Scope::Read]), ..self.amina.clone() };
        let machine = Caller { key: Some("k".to_owned()), ..self.amina.clone() };
        let with = |change: fn(&mut NewKey)| {
            let mut new = reading();
            change(&mut new);
            new
        };
        for (caller, new, wrong) in [
            (&self.amina, with(|new| new.roles = BTreeSet::from([Role::Operator])), "Beyond"),
            (&narrow, with(|new| new.scopes = BTreeSet::from([Scope::Submit])), "Beyond"),
            (&machine, reading(), "MadeByKey"),
            (&self.amina, with(|new| new.scopes.clear()), "BadRequest"),
            (&self.amina, with(|new| new.name.clear()), "BadRequest"),
            (&self.amina, with(|new| new.name = "a\nb".to_owned()), "BadRequest"),
            (&self.amina, with(|new| new.life = Some(Duration::ZERO)), "BadRequest"),
            (&self.amina, with(|new| new.life = Some(366 * DAY)), "BadRequest"),
        ] {
            let refused = self.keys.create(caller, new).await.unwrap_err();
            assert!(format!("{refused:?}").starts_with(wrong), "{refused:?}");
        }
    }

    async fn keys_are_bounded_and_belong_to_their_maker(&self) {
        let ben = CallerId::new("https://issuer.example", "ben");
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(self.made(reading()).await.0);
        }

        let refused = self.keys.create(&self.amina, reading()).await;
        let stolen = self.keys.revoke(Some(&ben), &ids[0]).await;
        let page = self.keys.list(Some(&self.amina.id), None, 2).await.unwrap();
        let rest = self.keys.list(Some(&self.amina.id), Some(&page[1].id), 1).await.unwrap();

        assert!(matches!(refused, Err(KeyError::TooMany(3))), "{refused:?}");
        assert!(matches!(stolen, Err(KeyError::Unknown)), "{stolen:?}");
        assert_eq!([&page[0].id, &page[1].id, &rest[0].id], [&ids[2], &ids[1], &ids[0]]);
        assert_eq!(self.keys.list(Some(&ben), None, 9).await.unwrap(), []);
        self.keys.revoke(None, &ids[0]).await.unwrap();
        assert!(self.keys.create(&self.amina, reading()).await.is_ok());
    }

    async fn all(self) {
        self.a_key_stands_for_its_maker_with_what_was_asked_for().await;
        self.a_revoked_key_is_refused_at_once().await;
        self.a_key_ends_on_time().await;
        self.invented_keys_are_refused().await;
        self.a_key_is_worth_no_more_than_its_maker().await;
        self.keys_are_bounded_and_belong_to_their_maker().await;
    }
}

fn reading() -> NewKey {
    NewKey {
        name: "a pipeline".to_owned(),
        scopes: BTreeSet::from([Scope::Read]),
        roles: BTreeSet::from([Role::Researcher]),
        life: None,
    }
}

#[tokio::test]
async fn keys_keep_their_promises_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open_sqlite(&folder.path().join("keys.sqlite")).await.unwrap();

    Suite::over(database).all().await;
}

#[tokio::test]
async fn keys_keep_their_promises_on_postgresql() {
    let postgres = Postgres::start().await;
    let database = Database::open_postgres(&postgres.url()).await.unwrap();

    Suite::over(database).all().await;
}

#[tokio::test]
async fn a_machine_comes_in_with_a_key_as_far_as_its_scope_goes() {
    let gateway = TestGateway::start(&[]).await;
    let amina = gateway.client("amina");
    let body = json!({"name": "cron", "scopes": ["read"], "expires_in": 3600});
    let (status, made) = amina.post_v1("/keys", &body).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let (secret, id) = (made["secret"].as_str().unwrap(), made["id"].as_str().unwrap());
    let base = gateway.base_url();
    let basic = Credential::Basic { username: "any".to_owned(), password: secret.into() };
    let api_key = Credential::Header { name: "X-Api-Key".to_owned(), value: secret.into() };
    let bearer = Credential::Bearer(secret.into());

    for credential in [basic, api_key, bearer] {
        let machine = WesClient::with_credential(&base, credential);
        assert_eq!(machine.get("/runs").await.0, StatusCode::OK);
        let (status, refused) = machine.try_submit(RunForm::cwl()).await;
        assert_eq!((status, &refused["reason"]), (StatusCode::FORBIDDEN, &json!("scope_required")));
        let (status, refused) = machine.post_v1("/keys", &body).await;
        assert_eq!((status, &refused["reason"]), (StatusCode::FORBIDDEN, &json!("scope_required")));
    }
    let (_, listed) = amina.get_v1("/keys").await;
    assert_eq!(listed["keys"][0]["id"], json!(id));
    assert!(listed["keys"][0]["last_used_at"].is_string(), "{listed}");
    assert!(!listed.to_string().contains(secret));
    assert_eq!(gateway.client("ben").get_v1("/keys").await.1["keys"], json!([]));
    let all = gateway.operator().get_v1("/keys?caller_id=*").await.1;
    assert_eq!(all["keys"].as_array().map(Vec::len), Some(1));
    let (status, _) = gateway.client("ben").get_v1("/keys?caller_id=*").await;
    assert_eq!(status, StatusCode::FORBIDDEN);

    let path = format!("/api/v1/keys/{id}");
    let (foreign, ..) = gateway.client("ben").send(Method::DELETE, &path, &[], None).await;
    let (revoked, ..) = amina.send(Method::DELETE, &path, &[], None).await;

    assert_eq!((foreign, revoked), (StatusCode::NOT_FOUND, StatusCode::NO_CONTENT));
    let machine = WesClient::new(&base, Some(secret.to_owned()));
    let (status, refused) = machine.get("/runs").await;
    assert_eq!((status, &refused["reason"]), (StatusCode::UNAUTHORIZED, &json!("unknown_api_key")));
}

#[tokio::test]
async fn a_key_and_its_last_use_outlive_a_restart_and_its_secret_is_nowhere() {
    let gateway = TestGateway::start(&[]).await;
    let body = json!({"name": "cron", "scopes": ["read", "submit", "admin"]});
    let (_, made) = gateway.client("amina").post_v1("/keys", &body).await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    let machine = WesClient::new(&gateway.base_url(), Some(secret.clone()));
    assert_eq!(machine.get("/runs").await.0, StatusCode::OK);
    let (status, refused) = machine.post_v1("/keys", &body).await;
    assert_eq!((status, &refused["reason"]), (StatusCode::FORBIDDEN, &json!("key_makes_no_key")));

    let gateway = gateway.restart().await;

    let (_, listed) = gateway.client("amina").get_v1("/keys").await;
    assert!(listed["keys"][0]["last_used_at"].is_string(), "{listed}");
    let machine = WesClient::new(&gateway.base_url(), Some(secret.clone()));
    assert_eq!(machine.get("/runs").await.0, StatusCode::OK);
    for file in std::fs::read_dir(gateway.data_dir()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let held = std::fs::read(&path).unwrap();
            let found = held.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}
