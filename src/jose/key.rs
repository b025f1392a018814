//! Public keys (RFC 7517), what they are called (RFC 7638), and the check of a signature with ring.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
        RsaPublicKeyComponents, UnparsedPublicKey,
    },
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Algorithm;

/// The keys of one issuer.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct KeySet(Vec<Arc<Key>>);

/// One public key, for one algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    id: Option<String>,
    material: Material,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    P256(Vec<u8>),
    P384(Vec<u8>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ed25519(Vec<u8>),
}

impl KeySet {
    /// A set of one P-256 key, as an uncompressed point.
    pub fn of_p256(id: String, point: Vec<u8>) -> Self {
        Self(vec![Arc::new(Key { id: Some(id), material: Material::P256(point) })])
    }

    /// Reads a JSON Web Key Set. Keys that are not for signatures, or of a kind that we do not know, are
    /// passed over (RFC 7517, section 5); a set of none but those is refused.
    pub fn parse(json: &[u8]) -> Result<Self, NotAKeySet> {
        let keys = Self::parse_any(json)?;
        if keys.0.is_empty() { Err(NotAKeySet::Empty) } else { Ok(keys) }
    }

    /// As [`parse`](Self::parse), but a set without a usable key is one too: an issuer may withdraw all.
    pub fn parse_any(json: &[u8]) -> Result<Self, NotAKeySet> {
        #[derive(Deserialize)]
        struct Jwks {
            keys: Vec<Value>,
        }
        let Jwks { keys } = serde_json::from_slice(json).map_err(NotAKeySet::Json)?;
        let usable = |key| serde_json::from_value::<Jwk>(key).ok()?.key().map(Arc::new);
        Ok(Self(keys.into_iter().filter_map(usable).collect()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every key of another set is in this one too.
    pub fn contains_all(&self, other: &Self) -> bool {
        other.0.iter().all(|key| self.0.contains(key))
    }

    /// The key of this id and algorithm; without an id the only one of the algorithm.
    pub fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<Arc<Key>> {
        let mut fitting = self.0.iter().filter(|key| {
            key.material.algorithm() == algorithm && (id.is_none() || key.id.as_deref() == id)
        });
        let first = fitting.next()?;
        fitting.next().is_none().then(|| Arc::clone(first))
    }
}

/// Why a document is not a key set.
#[derive(Debug, thiserror::Error)]
pub enum NotAKeySet {
    /// It is not JSON of that shape.
    #[error("not a JSON Web Key Set")]
    Json(#[source] serde_json::Error),
    /// There is no key in it that we could use.
    #[error("no key in the set is of a kind that is known")]
    Empty,
}

impl Key {
    /// Reads a key that somebody shows: nothing but a public one, and none that everybody could sign for.
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        if jwk.get("d").is_some() || jwk.get("k").is_some() {
            return None;
        }
        let key = serde_json::from_value::<Jwk>(jwk.clone()).ok()?.key()?;
        // What it calls itself does not make it another key.
        let key = Self { id: None, ..key };
        match &key.material {
            Material::Ed25519(point) if point.len() != 32 || is_weak(point) => None,
            _ => Some(key),
        }
    }

    /// The uncompressed point of a P-256 key.
    pub(super) fn p256(point: &[u8]) -> Self {
        Self { id: None, material: Material::P256(point.to_vec()) }
    }

    /// An Ed25519 key.
    pub(super) fn ed25519(point: &[u8]) -> Self {
        Self { id: None, material: Material::Ed25519(point.to_vec()) }
    }

    /// The algorithm that it is for.
    pub fn algorithm(&self) -> Algorithm {
        self.material.algorithm()
    }

    /// The members that make the key what it is, in the order of RFC 7638.
    pub fn to_jwk(&self) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let curve = |name: &str, point: &[u8]| {
            let (x, y) = point[1..].split_at(point.len() / 2);
            json!({"crv": name, "kty": "EC", "x": text(x), "y": text(y)})
        };
        match &self.material {
            Material::P256(point) => curve("P-256", point),
            Material::P384(point) => curve("P-384", point),
            Material::Rsa { n, e } => json!({"e": text(e), "kty": "RSA", "n": text(n)}),
            Material::Ed25519(point) => json!({"crv": "Ed25519", "kty": "OKP", "x": text(point)}),
        }
    }

    /// The name that the key gives itself (RFC 7638, SHA-256).
    pub fn thumbprint(&self) -> String {
        // The members come in the order of their names, and without white space, as the RFC wants it.
        let members = self.to_jwk().to_string();
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, members.as_bytes()))
    }

    /// Whether the owner of this key signed `signed`.
    pub fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
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

/// Whether a point lies in the small subgroup, so that anybody can make signatures that fit it.
fn is_weak(point: &[u8]) -> bool {
    /// All encodings of such points, apart from the sign bit.
    const WEAK: [[u8; 2]; 7] = [
        [0x00, 0x00],
        [0x01, 0x00],
        [0x26, 0x05],
        [0xc7, 0x7a],
        [0xec, 0x7f],
        [0xed, 0x7f],
        [0xee, 0x7f],
    ];
    const ORDER_8: [&[u8; 30]; 2] = [
        &[
            0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
            0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d,
            0x53, 0xfc,
        ],
        &[
            0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
            0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92,
            0xac, 0x03,
        ],
    ];
    let [first, middle @ .., last] = point else { return true };
    let ends = [*first, last & 0x7f];
    if !WEAK.contains(&ends) {
        return false;
    }
    match first {
        0x00 | 0x01 => middle.iter().all(|byte| *byte == 0),
        0x26 => middle == ORDER_8[0],
        0xc7 => middle == ORDER_8[1],
        _ => middle.iter().all(|byte| *byte == 0xff),
    }
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
    fn keys_are_called_as_the_rfcs_call_them() {
        // RFC 7638, section 3.1; RFC 8037, appendix A.3; and the key of RFC 7515, appendix A.3.
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWK\
            RXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAta\
            Sqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksIN\
            HaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let rsa = json!({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"});
        let ed25519 = json!({
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        let p256 = json!({
            "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "kid": "any", "use": "sig",
        });
        for (jwk, thumbprint) in [
            (&rsa, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
            (&ed25519, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
            (&p256, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"),
        ] {
            let key = Key::from_jwk(jwk).unwrap();

            assert_eq!(key.thumbprint(), thumbprint, "{jwk}");
            let again = Key::from_jwk(&key.to_jwk()).unwrap();
            assert_eq!(again.thumbprint(), key.thumbprint());
        }
    }

    #[test]
    fn the_ed25519_example_of_the_rfc_verifies() {
        let key = Key::from_jwk(&json!({
            "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        }));
        let signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvp\
            Ar_MuM0KAg";
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();

        assert!(key.unwrap().verifies(signed, &signature));
    }

    #[test]
    fn a_key_for_which_everybody_can_sign_is_none() {
        let weak = |first: u8, middle: u8, last: u8| {
            let point = [&[first][..], &[middle; 30], &[last]].concat();
            json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(point)})
        };
        for jwk in [
            weak(0, 0, 0),
            weak(0, 0, 0x80),
            weak(1, 0, 0),
            weak(0xec, 0xff, 0x7f),
            weak(0xed, 0xff, 0xff),
            weak(0xee, 0xff, 0x7f),
            json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}),
            json!({"kty": "oct", "k": "AAAA"}),
        ] {
            assert!(Key::from_jwk(&jwk).is_none(), "{jwk}");
        }
        assert!(Key::from_jwk(&weak(2, 0, 0)).is_some());
    }

    #[test]
    fn a_document_without_keys_is_no_key_set() {
        for json in ["", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#] {
            assert!(KeySet::parse(json.as_bytes()).is_err(), "{json}");
        }
    }
}
