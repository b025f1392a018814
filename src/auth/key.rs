//! Public keys of issuers (RFC 7517), and the check of a signature with ring.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde_json::Value;

use super::Algorithm;

/// The keys of one issuer.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Arc<Key>>);

/// One key, for one algorithm.
#[derive(Debug)]
pub(super) struct Key {
    id: Option<String>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    P256(Vec<u8>),
    P384(Vec<u8>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ed25519(Vec<u8>),
}

impl KeySet {
    /// A set of one P-256 key, as an uncompressed point.
    pub(super) fn of_p256(id: String, point: Vec<u8>) -> Self {
        Self(vec![Arc::new(Key { id: Some(id), material: Material::P256(point) })])
    }

    /// Reads a JSON Web Key Set. Keys that are not for signatures, or of a kind that we do not know, are
    /// passed over (RFC 7517, section 5); a set of none but those is refused.
    pub(super) fn parse(json: &[u8]) -> Result<Self, NotAKeySet> {
        #[derive(Deserialize)]
        struct Jwks {
            keys: Vec<Value>,
        }
        let Jwks { keys } = serde_json::from_slice(json).map_err(NotAKeySet::Json)?;
        let usable = |key| serde_json::from_value::<Jwk>(key).ok()?.key().map(Arc::new);
        let keys: Vec<_> = keys.into_iter().filter_map(usable).collect();
        if keys.is_empty() { Err(NotAKeySet::Empty) } else { Ok(Self(keys)) }
    }

    /// The key of this id and algorithm; without an id the only one of the algorithm.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Arc<Key>> {
        let mut fitting = self.0.iter().filter(|key| {
            key.material.algorithm() == algorithm && (id.is_none() || key.id.as_deref() == id)
        });
        let first = fitting.next()?;
        fitting.next().is_none().then(|| Arc::clone(first))
    }
}

/// Why a document is not a key set.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAKeySet {
    #[error("not a JSON Web Key Set")]
    Json(#[source] serde_json::Error),
    #[error("no key in the set is of a kind that is known")]
    Empty,
}

impl Key {
    /// Whether the owner of this key signed `signed`.
    pub(super) fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature)
            }
            Material::P384(point) => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).verify(signed, signature)
            }
            Material::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                signed,
                signature,
            ),
            Material::Ed25519(point) => {
                UnparsedPublicKey::new(&ED25519, point).verify(signed, signature)
            }
        }
        .is_ok()
    }
}

impl Material {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::P256(_) => Algorithm::Es256,
            Self::P384(_) => Algorithm::Es384,
            Self::Rsa { .. } => Algorithm::Rs256,
            Self::Ed25519(_) => Algorithm::EdDsa,
        }
    }
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl Jwk {
    fn key(self) -> Option<Key> {
        let material = match (self.kty.as_str(), self.crv.as_deref()) {
            ("EC", Some("P-256")) => Material::P256(point(&self.x, &self.y, 32)?),
            ("EC", Some("P-384")) => Material::P384(point(&self.x, &self.y, 48)?),
            ("OKP", Some("Ed25519")) => Material::Ed25519(decode(&self.x)?),
            ("RSA", _) => Material::Rsa { n: decode(&self.n)?, e: decode(&self.e)? },
            _ => return None,
        };
        let for_signatures = self.purpose.is_none_or(|purpose| purpose == "sig");
        let fits = self.alg.is_none_or(|alg| alg == material.algorithm().as_str());
        (for_signatures && fits).then_some(Key { id: self.kid, material })
    }
}

/// The uncompressed form of a point (SEC 1, section 2.3.3), as ring wants it.
fn point(x: &Option<String>, y: &Option<String>, size: usize) -> Option<Vec<u8>> {
    let (x, y) = (decode(x)?, decode(y)?);
    (x.len() == size && y.len() == size).then(|| [&[4][..], &x, &y].concat())
}

fn decode(text: &Option<String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.as_deref()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key and the token of RFC 7515, appendix A.2.
    const RSA_N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPM\
        EzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re\
        xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmo\
        udF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const SIGNED: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
        cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    const SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5Y\
        Kt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb\
        1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8n\
        p6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    fn rsa(extra: &str) -> String {
        format!(r#"{{"keys":[{{"kty":"RSA","kid":"r","n":"{RSA_N}","e":"AQAB"{extra}}}]}}"#)
    }

    #[test]
    fn the_rsa_example_of_the_rfc_verifies() {
        let keys = KeySet::parse(rsa("").as_bytes()).unwrap();
        let key = keys.find(Some("r"), Algorithm::Rs256).unwrap();
        let signature = URL_SAFE_NO_PAD.decode(SIGNATURE).unwrap();

        assert!(key.verifies(SIGNED.as_bytes(), &signature));
        assert!(!key.verifies(&SIGNED.as_bytes()[1..], &signature));
    }

    #[test]
    fn a_key_serves_its_own_purpose_only() {
        for (extra, usable) in [
            ("", true),
            (r#","use":"sig","alg":"RS256""#, true),
            (r#","use":"enc""#, false),
            (r#","alg":"RS512""#, false),
            (r#","alg":"HS256""#, false),
        ] {
            assert_eq!(KeySet::parse(rsa(extra).as_bytes()).is_ok(), usable, "{extra}");
        }
        let keys = KeySet::parse(rsa("").as_bytes()).unwrap();
        assert!(keys.find(Some("r"), Algorithm::Es256).is_none());
        assert!(keys.find(Some("other"), Algorithm::Rs256).is_none());
        assert!(keys.find(None, Algorithm::Rs256).is_some());
    }

    #[test]
    fn a_document_without_keys_is_no_key_set() {
        for json in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#] {
            assert!(KeySet::parse(json.as_bytes()).is_err(), "{json}");
        }
    }
}
