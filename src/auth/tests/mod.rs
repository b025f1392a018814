//! Callers and strangers at the door.

mod development;
mod hostile;
mod keys;
mod session;

use std::{path::Path, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Algorithm, Authenticator, Config, Error, Issuer};
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
        "exp": NOW + 600, "nbf": NOW - 10,
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
    let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
    std::fs::write(path, json!({ "keys": keys }).to_string()).unwrap();
}

/// A door that trusts one issuer, whose keys are in a file.
struct Door {
    signer: Signer,
    clock: Arc<ManualClock>,
    files: TempDir,
    authenticator: Authenticator,
}

impl Door {
    fn new() -> Self {
        let (signer, files) = (Signer::new("first"), tempfile::tempdir().unwrap());
        let jwks = files.path().join("jwks.json");
        write_keys(&jwks, &[&signer]);
        let config = Config { issuers: vec![issuer(Some(&jwks))], ..Config::default() };
        let clock = clock();
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let authenticator = Authenticator::build(&config, None, None, shared).unwrap();
        Self { signer, clock, files, authenticator }
    }

    async fn bearer(&self, token: &str) -> Result<Arc<Caller>, Error> {
        self.authenticator.authenticate(&bearer(token)).await
    }
}

fn issuer(jwks_file: Option<&Path>) -> Issuer {
    Issuer {
        issuer: ISSUER.to_owned(),
        audiences: vec!["gateway".to_owned(), "other-name".to_owned()],
        algorithms: vec![Algorithm::Es256, Algorithm::Rs256],
        jwks_file: jwks_file.map(Path::to_owned),
        jwks_url: None,
        institution_claim: "institution".to_owned(),
        roles_claim: "roles".to_owned(),
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::from_second(NOW).unwrap()))
}

fn bearer(token: &str) -> HeaderMap {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    HeaderMap::from_iter([(http::header::AUTHORIZATION, value)])
}
