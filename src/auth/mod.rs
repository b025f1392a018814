//! Who asks: believes signed tokens of trusted issuers, and nothing else.

mod claims;
mod config;
mod credential;
mod development;
mod error;
mod jws;
mod key;
mod keys;

#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc, time::Duration};

use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

use self::{
    jws::Jws,
    key::KeySet,
    keys::{Keys, Source},
};
use crate::domain::{Caller, Clock};

pub use self::{
    config::{Algorithm, Config, Issuer},
    credential::SUBPROTOCOL,
    development::{DevelopmentError, DevelopmentIssuer, ISSUER},
    error::{BuildError, Error},
    keys::FetchKeys,
};

/// Any error of whoever fetches keys.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// No verified token is believed longer than this without another look.
const MAX_CACHE_TTL: Duration = Duration::from_secs(60);

/// Tells callers from strangers.
#[derive(Debug)]
pub struct Authenticator {
    issuers: HashMap<String, Trusted>,
    /// Verified tokens by their whole text. Refused ones are not kept: inventing them costs nothing.
    cache: moka::sync::Cache<String, Arc<Verified>>,
    leeway: Duration,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct Trusted {
    issuer: Issuer,
    keys: Keys,
}

#[derive(Debug)]
struct Verified {
    caller: Arc<Caller>,
    expires: i64,
}

/// A caller whose request goes on for long, and the credential that it rests on.
#[derive(Debug)]
pub struct Session {
    token: SecretString,
    verified: Arc<Verified>,
}

impl Session {
    /// Who it is.
    pub fn caller(&self) -> &Arc<Caller> {
        &self.verified.caller
    }
}

impl Authenticator {
    /// Trusts the configured issuers, and the development issuer if one is given. `fetch` is needed
    /// where an issuer has a `jwks_url`. Key files are read now, so that a bad one is noticed.
    pub fn build(
        config: &Config,
        development: Option<&DevelopmentIssuer>,
        fetch: Option<Arc<dyn FetchKeys>>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BuildError> {
        let mut trusted = Vec::new();
        for issuer in &config.issuers {
            let (source, keys) = source(issuer, fetch.as_ref())?;
            trusted.push((issuer.clone(), source, keys));
        }
        if let Some(development) = development {
            trusted.push((development.issuer(), Source::Fixed, development.keys()));
        }
        let mut issuers = HashMap::new();
        for (issuer, source, keys) in trusted {
            let name = issuer.issuer.clone();
            let keys = Keys::new(&name, source, keys, Arc::clone(&clock));
            if issuers.insert(name.clone(), Trusted { issuer, keys }).is_some() {
                return Err(BuildError::Twice(name));
            }
        }
        if issuers.is_empty() {
            return Err(BuildError::NoIssuer);
        }
        let cache = moka::sync::Cache::builder()
            .max_capacity(config.cached_tokens)
            .time_to_live(config.cache_ttl.min(MAX_CACHE_TTL))
            .build();
        Ok(Self { issuers, cache, leeway: config.leeway, clock })
    }

    /// The caller behind a request. Waits only for the keys of an issuer, and rarely.
    pub async fn authenticate(&self, headers: &HeaderMap) -> Result<Arc<Caller>, Error> {
        let token = credential::token(headers)?;
        Ok(Arc::clone(&self.verified(&token).await?.caller))
    }

    /// The caller behind a request that goes on for long, with the credential for further looks. A
    /// websocket may show its token as a subprotocol, since browsers let it send no other header.
    pub async fn begin_session(&self, headers: &HeaderMap) -> Result<Session, Error> {
        let token = credential::token_of_session(headers)?;
        let verified = self.verified(&token).await?;
        Ok(Session { token: SecretString::from(&*token), verified })
    }

    /// Looks at a credential once more: its time may be over, or its key withdrawn.
    pub async fn recheck(&self, session: &mut Session) -> Result<(), Error> {
        session.verified = self.verified(session.token.expose_secret()).await?;
        Ok(())
    }

    /// How long the credential is still good, if nobody withdraws it.
    pub fn time_left(&self, session: &Session) -> Duration {
        let leeway = i64::try_from(self.leeway.as_secs()).unwrap_or(i64::MAX);
        let end = session.verified.expires.saturating_add(leeway);
        let left = i128::from(end) * 1000 - i128::from(self.clock.now().as_millisecond());
        Duration::from_millis(u64::try_from(left.max(0)).unwrap_or(u64::MAX))
    }

    async fn verified(&self, token: &str) -> Result<Arc<Verified>, Error> {
        if let Some(verified) = self.cache.get(token) {
            let now = self.clock.now().as_second();
            if claims::is_over(verified.expires, now, self.leeway) {
                return Err(Error::TokenExpired);
            }
            return Ok(verified);
        }
        let (caller, expires) = self.verify(token).await?;
        let verified = Arc::new(Verified { caller: Arc::new(caller), expires });
        self.cache.insert(token.to_owned(), Arc::clone(&verified));
        Ok(verified)
    }

    async fn verify(&self, token: &str) -> Result<(Caller, i64), Error> {
        let Jws { header, claims, signed, signature } = Jws::parse(token)?;
        let issuer = claims::required(&claims, "iss")?;
        let Trusted { issuer, keys } = self.issuers.get(issuer).ok_or(Error::UnknownIssuer)?;
        let algorithm = issuer.algorithms.iter().find(|allowed| allowed.as_str() == header.alg);
        let algorithm = *algorithm.ok_or(Error::AlgorithmNotAllowed)?;
        let key = keys.find(header.kid.as_deref(), algorithm).await.ok_or(Error::UnknownKey)?;
        if !key.verifies(signed, &signature) {
            return Err(Error::BadSignature);
        }
        claims::caller(claims, issuer, self.clock.now().as_second(), self.leeway)
    }
}

/// Where an issuer's keys come from, and those that are there already.
fn source(
    issuer: &Issuer,
    fetch: Option<&Arc<dyn FetchKeys>>,
) -> Result<(Source, KeySet), BuildError> {
    let wrong = |wrong| BuildError::Issuer { issuer: issuer.issuer.clone(), wrong };
    if issuer.issuer.is_empty() || issuer.audiences.is_empty() || issuer.algorithms.is_empty() {
        return Err(wrong("it needs a name, an audience and an algorithm"));
    }
    if issuer.issuer.contains('#') {
        // A caller's id is issuer, `#` and subject.
        return Err(wrong("its name must not contain `#`"));
    }
    match (&issuer.jwks_file, &issuer.jwks_url) {
        (Some(path), None) => {
            let unusable = |source| BuildError::Keys { path: path.clone(), source };
            let json = std::fs::read(path).map_err(|error| unusable(error.into()))?;
            let keys = KeySet::parse(&json).map_err(|error| unusable(error.into()))?;
            Ok((Source::File(path.clone()), keys))
        }
        (None, Some(url)) => {
            let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            if url.scheme() != "https" && !(here && url.scheme() == "http") {
                return Err(wrong("`jwks_url` must be https"));
            }
            let fetch = fetch.ok_or_else(|| wrong("`jwks_url` cannot be fetched here"))?;
            Ok((Source::Url(url.clone(), Arc::clone(fetch)), KeySet::default()))
        }
        (Some(_), Some(_)) | (None, None) => {
            Err(wrong("it needs either `jwks_file` or `jwks_url`"))
        }
    }
}
