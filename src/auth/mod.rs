//! Who asks: believes signed tokens of trusted issuers, and nothing else.

mod access_token;
mod build;
mod claims;
mod config;
mod credential;
mod development;
mod discovery;
mod error;
mod fetch;
mod keys;
mod mapping;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use http::HeaderMap;
use ring::digest;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use self::{
    build::Trusted,
    claims::Moment,
    keys::{Custody, PAUSE, Shelf},
};
use crate::{
    domain::{Caller, Clock},
    jose::Jws,
};

pub use self::{
    config::{Config, Issuer, TokenType},
    credential::SUBPROTOCOL,
    development::{DevelopmentError, DevelopmentIssuer, ISSUER},
    error::{BuildError, Error},
    fetch::Fetch,
};

/// Any error of whoever fetches keys.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// No verified token is believed longer than this without another look.
const MAX_CACHE_TTL: Duration = Duration::from_secs(60);

/// What an authenticator stands on.
#[derive(Debug)]
pub struct Parts<'a> {
    /// Whom to believe.
    pub config: &'a Config,
    /// The development issuer, if it is believed.
    pub development: Option<&'a DevelopmentIssuer>,
    /// What asks issuers; needed where one is not described by a file.
    pub fetch: Option<Arc<dyn Fetch>>,
    /// Where keys of issuers outlive the process.
    pub keys_folder: Option<PathBuf>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Tells callers from strangers.
#[derive(Debug)]
pub struct Authenticator {
    issuers: HashMap<String, Trusted>,
    /// Verified tokens by their hash. Refused ones are not kept: inventing them costs nothing.
    cache: moka::sync::Cache<[u8; 32], Arc<Verified>>,
    /// Rises when a key goes; what was verified before is looked at anew.
    epoch: Arc<AtomicU64>,
    leeway: Duration,
    key_refresh: Duration,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct Verified {
    caller: Arc<Caller>,
    expires: i64,
    epoch: u64,
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
    /// Trusts the configured issuers, and the development issuer if one is given. Key files are read now,
    /// so that a bad one is noticed; other keys are read by [`run`](Self::run), or when they are wanted.
    pub fn build(parts: Parts<'_>) -> Result<Self, BuildError> {
        let Parts { config, development, fetch, keys_folder, clock } = parts;
        build::check_times(config)?;
        let epoch = Arc::<AtomicU64>::default();
        let custody = Custody {
            shelf: keys_folder.map(Shelf::new),
            good_for: config.keys_good_for,
            epoch: epoch.clone(),
            clock: clock.clone(),
        };
        let mut issuers = HashMap::new();
        for trusted in build::trusted(config, development, fetch.as_ref(), &custody)? {
            let name = trusted.issuer.issuer.clone();
            if issuers.insert(name.clone(), trusted).is_some() {
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
        let (leeway, key_refresh) = (config.leeway, config.key_refresh);
        Ok(Self { issuers, cache, epoch, leeway, key_refresh, clock })
    }

    /// Reads the keys of all issuers, again and again, so that new ones are there before they are used and
    /// withdrawn ones go. After a failure the next look comes sooner.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        loop {
            let looks = join_all(self.issuers.values().map(|trusted| trusted.keys.refresh()));
            let all_went_well = tokio::select! {
                looks = looks => looks.into_iter().all(|good| good),
                () = shutdown.cancelled() => return,
            };
            let pause = if all_went_well { self.key_refresh } else { self.key_refresh.min(PAUSE) };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => return,
            }
        }
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
        // Read before anything is checked: a key that goes meanwhile makes the result an old one.
        let epoch = self.epoch.load(Ordering::Acquire);
        let hash = sha256(token);
        if let Some(verified) = self.cache.get(&hash).filter(|known| known.epoch == epoch) {
            if self.moment().is_after(verified.expires) {
                return Err(Error::TokenExpired);
            }
            return Ok(verified);
        }
        let (caller, expires) = self.verify(token).await?;
        let verified = Arc::new(Verified { caller: Arc::new(caller), expires, epoch });
        self.cache.insert(hash, Arc::clone(&verified));
        Ok(verified)
    }

    async fn verify(&self, token: &str) -> Result<(Caller, i64), Error> {
        let jws = Jws::parse(token).map_err(|_| Error::MalformedToken)?;
        let typ = access_token::token_type(&jws.header)?;
        let issuer = claims::required(&jws.claims, "iss")?;
        let Trusted { issuer, mapping, keys } =
            self.issuers.get(issuer).ok_or(Error::UnknownIssuer)?;
        if !issuer.token_types.contains(&typ) {
            return Err(Error::WrongTokenType);
        }
        let algorithm = issuer.algorithms.iter().find(|known| known.as_str() == jws.header.alg);
        let algorithm = *algorithm.ok_or(Error::AlgorithmNotAllowed)?;
        let key = keys.find(jws.header.kid.as_deref(), algorithm).await?;
        if !jws.is_signed_by(&key) {
            return Err(Error::BadSignature);
        }
        access_token::caller(&jws.claims, typ, issuer, mapping, self.moment())
    }

    fn moment(&self) -> Moment {
        Moment::new(self.clock.now().as_second(), self.leeway)
    }
}

fn sha256(text: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().try_into().expect("a SHA-256 has 32 bytes")
}
