//! Whose tokens are believed, and for what.

use std::{path::PathBuf, time::Duration};

use serde::Deserialize;
use url::Url;

use crate::jose::Algorithm;

/// Whose tokens are believed.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The issuers. A token of any other is refused.
    pub issuers: Vec<Issuer>,
    /// Believe tokens that this gateway mints itself, with a key in its data directory. For trials.
    pub development_issuer: bool,
    /// How far the clocks of issuer and gateway may differ.
    #[serde(with = "humantime_serde")]
    pub leeway: Duration,
    /// Verified tokens kept, so that their signature is not checked again. Beyond it old ones go.
    pub cached_tokens: u64,
    /// How long a verified token is believed without another look, at most a minute: so long does a
    /// withdrawn key still work.
    #[serde(with = "humantime_serde")]
    pub cache_ttl: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            issuers: Vec::new(),
            development_issuer: false,
            leeway: Duration::from_secs(30),
            cached_tokens: 10_000,
            cache_ttl: Duration::from_secs(60),
        }
    }
}

/// One issuer of tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// Its name, exactly as in the claim `iss`.
    pub issuer: String,
    /// Audiences that mean this gateway; a token must name one of them in `aud`.
    pub audiences: Vec<String>,
    /// Signature algorithms that it uses. The token's own word is only compared with these.
    #[serde(default = "usual_algorithms")]
    pub algorithms: Vec<Algorithm>,
    /// A file with its JSON Web Key Set (RFC 7517). This or `jwks_url`.
    #[serde(default)]
    pub jwks_file: Option<PathBuf>,
    /// Where its key set is fetched; `https`, or plain `http` on this machine. This or `jwks_file`.
    #[serde(default)]
    pub jwks_url: Option<Url>,
    /// Claim with the caller's institution: a name, or a JSON pointer such as `/ext/institution`.
    #[serde(default = "institution")]
    pub institution_claim: String,
    /// Claim with the caller's roles, a list or words parted by spaces: a name, or a JSON pointer such
    /// as `/realm_access/roles`.
    #[serde(default = "roles")]
    pub roles_claim: String,
}

pub(super) fn usual_algorithms() -> Vec<Algorithm> {
    vec![Algorithm::Es256, Algorithm::Rs256]
}

pub(super) fn institution() -> String {
    "institution".to_owned()
}

pub(super) fn roles() -> String {
    "roles".to_owned()
}
