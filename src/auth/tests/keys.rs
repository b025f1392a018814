//! Keys that change, and doors that cannot be built.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use serde_json::json;
use url::Url;

use super::{Door, Signer, bearer, claims, claims_with, clock, issuer, write_keys};
use crate::{
    auth::{Authenticator, BoxError, BuildError, Config, Error, FetchKeys, Issuer},
    domain::Clock,
};

#[tokio::test]
async fn a_new_key_in_the_file_is_found_but_not_looked_for_too_often() {
    let door = Door::new();
    let (second, third) = (Signer::new("second"), Signer::new("third"));
    let path = door.files.path().join("jwks.json");
    write_keys(&path, &[&door.signer, &second]);

    assert!(door.bearer(&second.token(&claims())).await.is_ok());
    write_keys(&path, &[&third]);
    assert_eq!(door.bearer(&third.token(&claims())).await.unwrap_err(), Error::UnknownKey);
    door.clock.advance(Duration::from_secs(30));
    assert!(door.bearer(&third.token(&claims())).await.is_ok());
}

#[tokio::test]
async fn the_last_good_keys_outlive_a_broken_file() {
    let door = Door::new();
    std::fs::write(door.files.path().join("jwks.json"), "{").unwrap();

    let unknown = door.bearer(&Signer::new("second").token(&claims())).await;
    let known = door.bearer(&door.signer.token(&claims())).await;

    assert_eq!(unknown.unwrap_err(), Error::UnknownKey);
    assert!(known.is_ok());
}

/// Answers with one key, and counts.
#[derive(Debug)]
struct Shelf {
    json: String,
    fetched: AtomicUsize,
}

#[async_trait]
impl FetchKeys for Shelf {
    async fn fetch(&self, _url: &Url) -> Result<Vec<u8>, BoxError> {
        self.fetched.fetch_add(1, Ordering::Relaxed);
        Ok(self.json.clone().into_bytes())
    }
}

#[tokio::test]
async fn keys_are_fetched_once_however_many_ask() {
    let signer = Signer::new("first");
    let json = json!({ "keys": [signer.jwk()] }).to_string();
    let shelf = Arc::new(Shelf { json, fetched: AtomicUsize::new(0) });
    let jwks_url = Some("https://issuer.example/keys".parse().unwrap());
    let config = Config { issuers: vec![Issuer { jwks_url, ..issuer(None) }], ..Config::default() };
    let fetch: Arc<dyn FetchKeys> = Arc::clone(&shelf) as _;
    let door = Authenticator::build(&config, None, Some(fetch), clock()).unwrap();

    for subject in ["amina", "ben", "chidi"] {
        let token = signer.token(&claims_with("sub", json!(subject)));
        assert!(door.authenticate(&bearer(&token)).await.is_ok());
    }
    for kid in ["a", "b", "c"] {
        let token = signer.sign(&json!({ "alg": "ES256", "kid": kid }), &claims());
        let refused = door.authenticate(&bearer(&token)).await.unwrap_err();
        assert_eq!(refused, Error::UnknownKey);
    }

    assert_eq!(shelf.fetched.load(Ordering::Relaxed), 1);
}

#[test]
fn a_door_that_makes_no_sense_is_not_built() {
    let files = tempfile::tempdir().unwrap();
    let good = files.path().join("jwks.json");
    write_keys(&good, &[&Signer::new("first")]);
    let bad = files.path().join("bad.json");
    std::fs::write(&bad, "{}").unwrap();
    let url = |text: &str| Some(text.parse::<Url>().unwrap());
    let build = |issuers: Vec<Issuer>| {
        let clock: Arc<dyn Clock> = clock();
        Authenticator::build(&Config { issuers, ..Config::default() }, None, None, clock)
    };

    assert!(build(vec![issuer(Some(&good))]).is_ok());
    assert!(matches!(build(vec![]), Err(BuildError::NoIssuer)));
    let twice = vec![issuer(Some(&good)), issuer(Some(&good))];
    assert!(matches!(build(twice), Err(BuildError::Twice(_))));
    assert!(matches!(build(vec![issuer(Some(&bad))]), Err(BuildError::Keys { .. })));
    for (why, wrong) in [
        ("no keys", issuer(None)),
        ("no audience", Issuer { audiences: vec![], ..issuer(Some(&good)) }),
        ("no algorithm", Issuer { algorithms: vec![], ..issuer(Some(&good)) }),
        ("an unclear name", Issuer { issuer: "a#b".to_owned(), ..issuer(Some(&good)) }),
        ("two sources", Issuer { jwks_url: url("https://a/k"), ..issuer(Some(&good)) }),
        ("plain http", Issuer { jwks_url: url("http://a/k"), ..issuer(None) }),
        ("nobody to fetch", Issuer { jwks_url: url("https://a/k"), ..issuer(None) }),
    ] {
        assert!(matches!(build(vec![wrong]), Err(BuildError::Issuer { .. })), "{why}");
    }
}
