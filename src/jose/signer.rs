//! Private keys that sign, and the file that keeps one.

use std::fmt;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};

use super::{Algorithm, Key};

/// A private key that signs.
pub struct Signer {
    pair: Pair,
    key: Key,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
}

/// The text holds no private key that we can sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 or P-256 private key in PKCS #8 (`BEGIN PRIVATE KEY`)")]
pub struct NotASigner;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

impl Signer {
    /// A new key, as the text of a key file. Only Ed25519 and ES256 keys are made.
    pub fn generate(algorithm: Algorithm) -> Result<String, NotASigner> {
        let random = SystemRandom::new();
        let made = match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random),
            Algorithm::Es256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            }
            Algorithm::Es384 | Algorithm::Rs256 => return Err(NotASigner),
        };
        let made = made.map_err(|_| NotASigner)?;
        let text = STANDARD.encode(made.as_ref());
        let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
        Ok(format!("{BEGIN}\n{}\n{END}\n", lines.collect::<Vec<_>>().join("\n")))
    }

    /// Reads the text of a key file, made here or by `openssl genpkey`.
    pub fn from_pem(text: &str) -> Result<Self, NotASigner> {
        let (_, rest) = text.split_once(BEGIN).ok_or(NotASigner)?;
        let (body, _) = rest.split_once(END).ok_or(NotASigner)?;
        let body: String = body.split_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| NotASigner)?;
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der) {
            let key = Key::ed25519(pair.public_key().as_ref());
            return Ok(Self { pair: Pair::Ed25519(pair), key });
        }
        let suite = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::from_pkcs8(suite, &der, &SystemRandom::new());
        let pair = pair.map_err(|_| NotASigner)?;
        let key = Key::p256(pair.public_key().as_ref());
        Ok(Self { pair: Pair::P256(pair), key })
    }

    /// Its public half.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Signs claims, and shows the public key beside them.
    pub fn sign_with_key(&self, typ: &str, claims: &Value) -> String {
        let alg = self.key.algorithm().as_str();
        self.sign(&json!({"alg": alg, "typ": typ, "jwk": self.key.to_jwk()}), claims)
    }

    /// Signs claims, and names the public key by its thumbprint.
    pub fn sign_with_id(&self, typ: &str, claims: &Value) -> String {
        let alg = self.key.algorithm().as_str();
        self.sign(&json!({"alg": alg, "typ": typ, "kid": self.key.thumbprint()}), claims)
    }

    /// Signs claims under a header that is written as it is given.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = match &self.pair {
            Pair::Ed25519(pair) => pair.sign(signed.as_bytes()).as_ref().to_vec(),
            Pair::P256(pair) => pair
                .sign(&SystemRandom::new(), signed.as_bytes())
                .expect("a good key fails to sign only where the system has no randomness")
                .as_ref()
                .to_vec(),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("key", &self.key).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::Jws;

    #[test]
    fn what_a_key_signs_verifies_with_its_public_half_alone() {
        let other = Signer::from_pem(&Signer::generate(Algorithm::EdDsa).unwrap()).unwrap();
        for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
            let text = Signer::generate(algorithm).unwrap();
            let signer = Signer::from_pem(&text).unwrap();

            let signed = signer.sign_with_key("test", &json!({"a": 1}));

            let jws = Jws::parse(&signed).unwrap();
            let shown = Key::from_jwk(jws.header.jwk.as_ref().unwrap()).unwrap();
            assert!(jws.is_signed_by(&shown) && !jws.is_signed_by(other.key()));
            assert_eq!((shown.algorithm(), &shown), (algorithm, signer.key()));
            assert_eq!(jws.claims["a"], 1);
            assert!(!format!("{signer:?}").contains(&text[40..60]));
        }
        assert!(Signer::generate(Algorithm::Rs256).is_err());
    }

    #[test]
    fn keys_of_openssl_are_read() {
        // RFC 8410, section 10.3.
        let text = "-----BEGIN PRIVATE KEY-----\n\
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
            -----END PRIVATE KEY-----\n";

        let signer = Signer::from_pem(text).unwrap();

        assert_eq!(signer.key().to_jwk()["x"], "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE");
        for text in ["", "-----BEGIN PRIVATE KEY-----", &text.replace("MC4C", "MC4D")] {
            assert_eq!(Signer::from_pem(text).unwrap_err(), NotASigner);
        }
    }
}
