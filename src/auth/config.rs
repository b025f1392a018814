//! Whose tokens are believed, and for what.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::Deserialize;
use url::Url;

use super::KeysConfig;
use crate::jose::Algorithm;

/// Whose tokens are believed.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The issuers. A token of any other is refused.
    pub issuers: Vec<Issuer>,
    /// Whose visas are believed (GA4GH Passport 1.2). Those of any other are ignored.
    pub visa_issuers: Vec<VisaIssuer>,
    /// Believe tokens that this gateway mints itself, with a key in its data directory. For trials.
    pub development_issuer: bool,
    /// How far the clocks of issuer and gateway may differ.
    #[serde(with = "humantime_serde")]
    pub leeway: Duration,
    /// Verified tokens kept, so that their signature is not checked again. Beyond it old ones go.
    pub cached_tokens: u64,
    /// How long a verified token is believed without another look, at most a minute.
    #[serde(with = "humantime_serde")]
    pub cache_ttl: Duration,
    /// How often the keys of every issuer are read again: so long does a withdrawn key still work.
    /// Shorter asks the issuers more often.
    #[serde(with = "humantime_serde")]
    pub key_refresh: Duration,
    /// How long the last keys of an issuer are believed that cannot be reached. They are kept in the
    /// data directory, so a restart does not forget them.
    #[serde(with = "humantime_serde")]
    pub keys_good_for: Duration,
    /// Bounds of API keys.
    pub keys: KeysConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            issuers: Vec::new(),
            visa_issuers: Vec::new(),
            development_issuer: false,
            leeway: Duration::from_secs(30),
            cached_tokens: 10_000,
            cache_ttl: Duration::from_secs(60),
            key_refresh: Duration::from_secs(300),
            keys_good_for: Duration::from_secs(24 * 3600),
            keys: KeysConfig::default(),
        }
    }
}

/// One issuer of tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Issuer {
    /// Its name, exactly as in the claim `iss`.
    pub issuer: String,
    /// Audiences that mean this gateway; a token must name one of them in `aud`.
    pub audiences: Vec<String>,
    /// Signature algorithms that it uses. The token's own word is only compared with these.
    pub algorithms: Vec<Algorithm>,
    /// What its access tokens may call themselves in `typ`. An issuer that follows RFC 9068 writes
    /// `at+jwt`, and then nothing else need be accepted.
    pub token_types: Vec<TokenType>,
    /// Find its keys by OpenID Connect discovery, at `/.well-known/openid-configuration` below its name.
    /// This, `jwks_file` or `jwks_url`.
    pub discovery: bool,
    /// A file with its JSON Web Key Set (RFC 7517).
    pub jwks_file: Option<PathBuf>,
    /// Where its key set is fetched; `https`, or plain `http` on this machine.
    pub jwks_url: Option<Url>,
    /// Hosts beside its own at which its description may say that its keys and endpoints are.
    pub other_hosts: Vec<String>,
    /// Claims that a token must have beside those that every token must have.
    pub required_claims: Vec<String>,
    /// The institution of all its callers, whatever their tokens say.
    pub institution: Option<String>,
    /// Claim with the caller's institution: a name, or a JSON pointer such as `/ext/institution`.
    pub institution_claim: String,
    /// What the values of that claim mean. If this is not empty, other values mean nothing.
    pub institution_values: BTreeMap<String, String>,
    /// Claim with the caller's roles, a list or words parted by spaces: a name, or a JSON pointer such
    /// as `/realm_access/roles`.
    pub roles_claim: String,
    /// What the values of that claim mean, such as groups. If this is not empty, other values mean
    /// nothing; if it is, the values are our own words.
    pub role_values: BTreeMap<String, Vec<String>>,
    /// Claim with what a token may be used for, such as `scope`. Unset, for all that its caller may do.
    pub scopes_claim: Option<String>,
    /// What the values of that claim mean; as with the roles.
    pub scope_values: BTreeMap<String, Vec<String>>,
    /// Believe the passports that it signs (GA4GH Passport 1.2), shown beside a token in
    /// `X-GA4GH-Passport` or in its place.
    pub passports: bool,
    /// Ask its `UserInfo` endpoint for the visas of whoever shows a token with the scope
    /// `ga4gh_passport_v1`, at most once an hour for a token. Needs `discovery`.
    pub userinfo: bool,
    /// The client that the gateway is to it where people log in with a browser. Needs `discovery`.
    pub login: Option<LoginConfig>,
}

impl Default for Issuer {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            audiences: Vec::new(),
            algorithms: vec![Algorithm::Es256, Algorithm::Rs256],
            token_types: vec![TokenType::AccessToken, TokenType::Plain],
            discovery: false,
            jwks_file: None,
            jwks_url: None,
            other_hosts: Vec::new(),
            required_claims: Vec::new(),
            institution: None,
            institution_claim: "institution".to_owned(),
            institution_values: BTreeMap::new(),
            roles_claim: "roles".to_owned(),
            role_values: BTreeMap::new(),
            scopes_claim: None,
            scope_values: BTreeMap::new(),
            passports: false,
            userinfo: false,
            login: None,
        }
    }
}

/// The client that the gateway is to an issuer, where people log in with a browser.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginConfig {
    /// Its id at the issuer.
    pub client_id: String,
    /// Where its secret is: `env:NAME` or `file:PATH`. Unset, it is a public client, which PKCE protects.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// What is asked for; `openid` is part of it.
    #[serde(default = "openid")]
    pub scopes: Vec<String>,
    /// How long a session lasts. What the issuer says of somebody later is seen at the next login.
    #[serde(default = "session_life", with = "humantime_serde")]
    pub session_life: Duration,
}

fn openid() -> Vec<String> {
    vec!["openid".to_owned()]
}

fn session_life() -> Duration {
    Duration::from_secs(8 * 3600)
}

/// One issuer of visas.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VisaIssuer {
    /// Its name, exactly as in the claim `iss`; any text.
    pub issuer: String,
    /// Signature algorithms that it uses: `ES256` and `RS256` are all that visas may have.
    pub algorithms: Vec<Algorithm>,
    /// The address of its key set that its visas must name in `jku`, and at which it is fetched. This,
    /// `jwks_file`, `jwks_url` or `discovery`; with the others `jku` is not looked at.
    pub jku: Option<Url>,
    /// A file with its key set.
    pub jwks_file: Option<PathBuf>,
    /// Where its key set is fetched.
    pub jwks_url: Option<Url>,
    /// Find its keys by OpenID Connect discovery below its name.
    pub discovery: bool,
    /// Hosts beside its own at which its description may say that its keys and endpoints are.
    pub other_hosts: Vec<String>,
    /// Organizations for which it may speak, as in the claim `source`; `*` means any.
    pub sources: Vec<String>,
    /// How long after it was asserted a visa counts, whatever its `exp` says.
    #[serde(with = "humantime_serde")]
    pub max_age: Duration,
}

impl Default for VisaIssuer {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            algorithms: vec![Algorithm::Es256, Algorithm::Rs256],
            jku: None,
            jwks_file: None,
            jwks_url: None,
            discovery: false,
            other_hosts: Vec::new(),
            sources: Vec::new(),
            max_age: Duration::from_secs(365 * 24 * 3600),
        }
    }
}

/// What a token calls itself in `typ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum TokenType {
    /// An access token of RFC 9068.
    #[serde(rename = "at+jwt")]
    AccessToken,
    /// A token without a purpose of its own; also one that says nothing.
    #[serde(rename = "JWT")]
    Plain,
}
