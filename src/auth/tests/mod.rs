//! Callers and strangers at the door.

mod development;
mod honest;
mod hostile;
mod keys;
mod login;
mod mapping;
mod passports;
mod session;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use super::{Authenticator, BoxError, BuildError, Config, Error, Fetch, Issuer, Parts};
use crate::domain::{Caller, Clock, ManualClock};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://issuer.example";

/// An issuer with a key of its own.
struct Signer {
    id: &'static str,
    pair: EcdsaKeyPair,
}

impl Signer {
    fn new(id: &'static str) -> Self {
        let random = SystemRandom::new();
        let suite = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let der = EcdsaKeyPair::generate_pkcs8(suite, &random).unwrap();
        Self { id, pair: EcdsaKeyPair::from_pkcs8(suite, der.as_ref(), &random).unwrap() }
    }

    /// Signs the texts as they are.
    fn sign_text(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", encode(signature))
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    fn token(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }

    fn header(&self) -> Value {
        json!({ "alg": "ES256", "kid": self.id })
    }

    fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        json!({
            "kty": "EC", "crv": "P-256", "kid": self.id,
            "x": encode(&point[1..33]), "y": encode(&point[33..]),
        })
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "gateway", "sub": "amina",
        "exp": NOW + 600, "nbf": NOW - 10, "iat": NOW - 10, "jti": "0190", "client_id": "notebook",
        "institution": "Ilifu", "roles": ["data_steward", "dancer"],
    })
}

/// The claims with one of them changed, or taken away by null.
fn claims_with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn write_keys(path: &Path, signers: &[&Signer]) {
    std::fs::write(path, key_set(signers).to_string()).unwrap();
}

fn key_set(signers: &[&Signer]) -> Value {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({ "keys": keys })
}

/// A world of few addresses, and a note of each one that was asked.
#[derive(Debug, Default)]
struct Net {
    pages: Mutex<BTreeMap<String, String>>,
    asked: Mutex<Vec<String>>,
}

impl Net {
    fn put(&self, url: &str, page: &Value) {
        self.pages.lock().unwrap().insert(url.to_owned(), page.to_string());
    }

    fn put_keys(&self, url: &str, signers: &[&Signer]) {
        self.put(url, &key_set(signers));
    }

    fn take_down(&self) {
        self.pages.lock().unwrap().clear();
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Fetch for Net {
    async fn get(&self, url: &Url, _: Option<&SecretString>) -> Result<Vec<u8>, BoxError> {
        self.asked.lock().unwrap().push(url.to_string());
        let page = self.pages.lock().unwrap().get(url.as_str()).cloned();
        page.map(String::into_bytes).ok_or_else(|| "nobody is there".into())
    }

    async fn post_form(
        &self,
        url: &Url,
        _: String,
        _: Option<(&str, &SecretString)>,
    ) -> Result<Vec<u8>, BoxError> {
        self.get(url, None).await
    }
}

/// A door that trusts one issuer, whose keys are in a file.
struct Door {
    signer: Signer,
    clock: Arc<ManualClock>,
    files: TempDir,
    net: Arc<Net>,
    authenticator: Authenticator,
}

impl Door {
    fn new() -> Self {
        Self::changed(|_| {})
    }

    /// A door whose configuration is another one.
    fn changed(change: impl FnOnce(&mut Config)) -> Self {
        let (signer, files) = (Signer::new("first"), tempfile::tempdir().unwrap());
        let jwks = files.path().join("jwks.json");
        write_keys(&jwks, &[&signer]);
        let mut config = Config { issuers: vec![issuer(Some(&jwks))], ..Config::default() };
        change(&mut config);
        let (clock, net) = (clock(), Arc::<Net>::default());
        let authenticator = build(&config, &net, &clock, Some(files.path())).unwrap();
        Self { signer, clock, files, net, authenticator }
    }

    async fn bearer(&self, token: &str) -> Result<Arc<Caller>, Error> {
        self.authenticator.authenticate(&bearer(token)).await
    }
}

fn build(
    config: &Config,
    net: &Arc<Net>,
    clock: &Arc<ManualClock>,
    folder: Option<&Path>,
) -> Result<Authenticator, BuildError> {
    Authenticator::build(Parts {
        config,
        development: None,
        fetch: Some(Arc::clone(net) as _),
        keys_folder: folder.map(|folder| folder.join("keys")),
        api_keys: None,
        database: None,
        read_secret: |place| Err(format!("{place} is not here")),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
    })
}

fn issuer(jwks_file: Option<&Path>) -> Issuer {
    Issuer {
        issuer: ISSUER.to_owned(),
        audiences: vec!["gateway".to_owned(), "other-name".to_owned()],
        jwks_file: jwks_file.map(Path::to_owned),
        ..Issuer::default()
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_second(NOW).unwrap()))
}

fn bearer(token: &str) -> HeaderMap {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    HeaderMap::from_iter([(http::header::AUTHORIZATION, value)])
}
