//! The compact form of signed JSON (RFC 7515, section 3.1), taken apart but not yet believed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::Key;

/// Signed JSON whose signature nobody has checked.
#[derive(Debug)]
pub struct Jws<'a> {
    /// What the header says.
    pub header: Header,
    /// What was signed, as claims.
    pub claims: Map<String, Value>,
    signed: &'a [u8],
    signature: Vec<u8>,
}

/// What the header says of the signature. Addresses of keys in it are never followed: an attacker would
/// write them. `jku` is there to be compared, and `x5u` is not even read.
#[derive(Debug, Deserialize)]
pub struct Header {
    /// How it claims to be signed. Only ever compared with what is allowed.
    pub alg: String,
    /// The key that it claims to be signed with.
    pub kid: Option<String>,
    /// What it is for.
    pub typ: Option<String>,
    /// Where its signer says that its keys are.
    pub jku: Option<String>,
    /// The public key itself. It proves no more than that the sender has its other half.
    pub jwk: Option<Value>,
    /// Extensions that must be understood; we know none.
    crit: Option<Value>,
}

/// The text is no signed JSON in the compact form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not signed JSON in the compact form")]
pub struct Malformed;

impl<'a> Jws<'a> {
    /// Takes a text apart.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let (signed, signature) = text.rsplit_once('.').ok_or(Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(Malformed)?;
        // The decoder is strict (no padding, no spare bits), so that a token has one spelling.
        let decode = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| Malformed);
        let header: Header = json(&decode(header)?)?;
        if header.crit.is_some() {
            return Err(Malformed);
        }
        let claims = json(&decode(claims)?)?;
        Ok(Self { header, claims, signed: signed.as_bytes(), signature: decode(signature)? })
    }

    /// Whether the owner of this key signed it.
    pub fn is_signed_by(&self, key: &Key) -> bool {
        key.verifies(self.signed, &self.signature)
    }
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Malformed> {
    serde_json::from_slice(bytes).map_err(|_| Malformed)
}
