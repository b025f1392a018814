//! The compact form of a signed token (RFC 7515, section 3.1), taken apart but not yet believed.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Error;

/// A token whose signature nobody has checked.
pub(super) struct Jws<'a> {
    pub(super) header: Header,
    pub(super) claims: Map<String, Value>,
    /// What was signed.
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
}

/// What the header says of the signature. Keys and addresses of keys in it (`jwk`, `jku`, `x5u`,
/// `x5c`) are not even read: an attacker would write them.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
    typ: Option<String>,
    /// Extensions that must be understood; we know none.
    crit: Option<Value>,
}

impl<'a> Jws<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, Error> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Error::MalformedToken)?;
        let (header, claims) = signed.split_once('.').ok_or(Error::MalformedToken)?;
        // The decoder is strict (no padding, no spare bits), so that a token has one spelling.
        let decode = |part| URL_SAFE_NO_PAD.decode(part).map_err(|_| Error::MalformedToken);
        let header: Header = json(&decode(header)?)?;
        // An access token (RFC 9068) or a plain one; anything else was signed for another purpose.
        let typ = header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
        let ours = matches!(typ.trim_start_matches("application/"), "jwt" | "at+jwt");
        if !ours || header.crit.is_some() {
            return Err(Error::MalformedToken);
        }
        let claims = json(&decode(claims)?)?;
        Ok(Self { header, claims, signed: signed.as_bytes(), signature: decode(signature)? })
    }
}

fn json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|_| Error::MalformedToken)
}
