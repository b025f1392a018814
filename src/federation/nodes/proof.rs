//! What a node signs, and the check of it: who signed, for whom, what for, and when. Pure.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    jose::{Algorithm, Jws, Key, Signer},
    nodes::Report,
};

/// The type in the header of all that nodes sign, so that nothing signed for another purpose is taken.
pub const TYP: &str = "ga4gh-node+jws";

/// The algorithms that nodes may use.
const ALGORITHMS: [Algorithm; 2] = [Algorithm::EdDsa, Algorithm::Es256];

/// What a node signs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// The gateway that it is for.
    pub aud: String,
    /// When it was signed, in seconds since 1970.
    pub iat: i64,
    /// When it ends.
    pub exp: i64,
    /// Larger than in anything that was signed for this node before: microseconds since 1970.
    pub seq: i64,
    /// What it asks for.
    pub purpose: Purpose,
    /// The node: the id of its service.
    pub node: String,
    /// The secret of its invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation: Option<String>,
    /// Its service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Value>,
    /// With a new key: a statement with the purpose `rotate`, signed by the old one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// In that statement: the thumbprint of the new key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What the node says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// What a signed request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To take part, or to change what is written down.
    Register,
    /// To speak with another key from now on.
    Rotate,
    /// To be known to be alive.
    Heartbeat,
    /// To be told how one stands.
    Status,
    /// To leave.
    Withdraw,
}

/// Why what was signed is not believed. Carries nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It is not signed JSON with the members that it needs.
    #[error("the request is not what a node signs: {0}")]
    Malformed(&'static str),
    /// It is longer than is read.
    #[error("the signed request is too long")]
    TooLarge,
    /// Nodes sign with `EdDSA` or `ES256`.
    #[error("the algorithm is not allowed; nodes sign with EdDSA (Ed25519) or ES256")]
    Algorithm,
    /// The key is no public key of that algorithm, or not the one that is named.
    #[error("the key does not fit: {0}")]
    Key(&'static str),
    /// Somebody else signed it, or it was changed.
    #[error("the signature does not fit the key")]
    Forged,
    /// It is meant for another gateway.
    #[error("this is signed for another gateway; see `audience` of the invitation")]
    Audience,
    /// It was signed for something else, or for another node.
    #[error("this is signed for another purpose or another node")]
    Purpose,
    /// Its time is over.
    #[error("this was signed too long ago, or the clocks differ too much")]
    Stale,
    /// Its time has not come.
    #[error("this was signed in the future: the clocks differ too much")]
    Future,
    /// It would be good for too long.
    #[error("this would be good for too long; let it expire sooner")]
    TooLong,
    /// It was taken before, or something newer was.
    #[error("this, or something signed later, was taken before")]
    Replayed,
    /// No node of this id has the key. Whether there is such a node is not told.
    #[error("no node of this id has this key")]
    UnknownKey,
}

/// For whom, and when: what every check is made against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub(super) audience: &'a str,
    pub(super) now: Timestamp,
    pub(super) skew: Duration,
    pub(super) max_life: Duration,
}

/// A signed request that was taken apart. Nothing in it is believed yet.
#[derive(Debug)]
pub(super) struct Shown<'a>(Jws<'a>);

impl<'a> Shown<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, ProofError> {
        let jws = Jws::parse(text.trim())
            .map_err(|_| ProofError::Malformed("it is no compact JWS (RFC 7515)"))?;
        if jws.header.typ.as_deref() != Some(TYP) {
            return Err(ProofError::Malformed("`typ` in its header is not `ga4gh-node+jws`"));
        }
        if !ALGORITHMS.iter().any(|allowed| allowed.as_str() == jws.header.alg) {
            return Err(ProofError::Algorithm);
        }
        Ok(Self(jws))
    }

    /// The thumbprint that it names its key by.
    pub(super) fn key_id(&self) -> Result<&str, ProofError> {
        self.0.header.kid.as_deref().ok_or(ProofError::Key("its header names none by `kid`"))
    }

    /// The key that it shows.
    pub(super) fn own_key(&self) -> Result<Key, ProofError> {
        let jwk = self.0.header.jwk.as_ref();
        let jwk = jwk.ok_or(ProofError::Key("its header shows none as `jwk`"))?;
        let key = Key::from_jwk(jwk).ok_or(ProofError::Key("`jwk` is no public key for us"))?;
        if self.0.header.kid.as_ref().is_some_and(|kid| *kid != key.thumbprint()) {
            return Err(ProofError::Key("`kid` is not the thumbprint of `jwk` (RFC 7638)"));
        }
        Ok(key)
    }

    /// Its claims, if the owner of the key signed them, for us, for this purpose, and just now.
    pub(super) fn verify(
        &self,
        key: &Key,
        purpose: Purpose,
        terms: Terms<'_>,
    ) -> Result<Claims, ProofError> {
        if key.algorithm().as_str() != self.0.header.alg {
            return Err(ProofError::Key("`alg` is not the algorithm of the key"));
        }
        if !self.0.is_signed_by(key) {
            return Err(ProofError::Forged);
        }
        let claims = Value::Object(self.0.claims.clone());
        let claims: Claims = serde_json::from_value(claims).map_err(|_| {
            ProofError::Malformed("a claim is missing, or is not what it should be")
        })?;
        if claims.aud.trim_end_matches('/') != terms.audience.trim_end_matches('/') {
            return Err(ProofError::Audience);
        }
        if claims.purpose != purpose {
            return Err(ProofError::Purpose);
        }
        check_time(&claims, terms)?;
        Ok(claims)
    }
}

fn check_time(claims: &Claims, terms: Terms<'_>) -> Result<(), ProofError> {
    let seconds = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    let (now, skew) = (terms.now.as_second(), seconds(terms.skew));
    if claims.iat < 0 || claims.seq <= 0 {
        return Err(ProofError::Malformed("`iat` and `seq` count from 1970"));
    }
    let latest = now.saturating_add(skew);
    // A number from the far future would shut its own node out for ever.
    if claims.iat > latest || claims.seq / 1_000_000 > latest {
        return Err(ProofError::Future);
    }
    if claims.exp <= claims.iat {
        return Err(ProofError::Malformed("`exp` does not follow `iat`"));
    }
    if claims.exp - claims.iat > seconds(terms.max_life) {
        return Err(ProofError::TooLong);
    }
    if claims.exp.saturating_add(skew) <= now {
        return Err(ProofError::Stale);
    }
    Ok(())
}

impl Claims {
    /// What a node signs now, good for a minute.
    pub fn new(audience: &str, node: &str, purpose: Purpose, now: Timestamp) -> Self {
        Self {
            aud: audience.to_owned(),
            iat: now.as_second(),
            exp: now.as_second() + 60,
            seq: now.as_microsecond(),
            purpose,
            node: node.to_owned(),
            invitation: None,
            service: None,
            previous: None,
            next: None,
            report: None,
        }
    }

    /// Signed, with the public key beside it: for a registration.
    pub fn sign_with_key(&self, signer: &Signer) -> String {
        signer.sign_with_key(TYP, &json!(self))
    }

    /// Signed, with the thumbprint of the key beside it: for everything else.
    pub fn sign_with_id(&self, signer: &Signer) -> String {
        signer.sign_with_id(TYP, &json!(self))
    }
}
