//! Who asks: believes signed tokens of trusted issuers and API keys of its own, and nothing else.

mod access_token;
mod api_keys;
mod build;
mod claims;
mod config;
mod credential;
mod development;
mod discovery;
mod error;
mod fetch;
mod keys;
mod login;
mod mapping;
mod passport;
mod userinfo;
mod verify;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use futures_util::future::join_all;
use http::{HeaderMap, Method};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use self::{
    build::Trusted,
    claims::Moment,
    credential::Shown,
    keys::{Custody, Keys, PAUSE, Shelf},
    login::{Envelope, Sessions},
    passport::TrustedVisas,
    userinfo::UserInfo,
};
use crate::{
    database::Database,
    domain::{Caller, Clock},
};

pub use self::{
    api_keys::{ApiKey, ApiKeys, KeyError, KeysConfig, NewKey},
    config::{Config, Issuer, LoginConfig, TokenType, VisaIssuer},
    credential::{SECURE_SESSION_COOKIE, SESSION_COOKIE, SUBPROTOCOL, cookie},
    development::{DevelopmentError, DevelopmentIssuer, ISSUER},
    error::{BuildError, Error},
    fetch::Fetch,
    login::{LoginAnswer, LoginBegun, LoginDone, LoginError},
};

/// Any error of whoever fetches keys.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Reads a secret by the name of its place. The error never tells what is there.
pub type ReadSecret = fn(&str) -> Result<SecretString, String>;

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
    /// API keys, where there are any.
    pub api_keys: Option<Arc<ApiKeys>>,
    /// Where sessions of people are kept who log in.
    pub database: Option<Database>,
    /// Reads the secrets that the configuration names.
    pub read_secret: ReadSecret,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Tells callers from strangers.
#[derive(Debug)]
pub struct Authenticator {
    issuers: HashMap<String, Trusted>,
    visa_issuers: TrustedVisas,
    user_info: UserInfo,
    api_keys: Option<Arc<ApiKeys>>,
    sessions: Option<Sessions>,
    /// Where people log in who name no issuer.
    first_login: Option<String>,
    envelope: Envelope,
    /// Verified tokens by their hash. Refused ones are not kept: inventing them costs nothing.
    cache: moka::sync::Cache<[u8; 32], Arc<Verified>>,
    /// Rises when a key of an issuer goes or an API key is revoked; what was verified before is looked at anew.
    epoch: Arc<AtomicU64>,
    leeway: Duration,
    key_refresh: Duration,
    clock: Arc<dyn Clock>,
}

#[derive(Debug)]
struct Verified {
    caller: Arc<Caller>,
    expires: i64,
    /// When a visa of the caller ends.
    look_again: i64,
    epoch: u64,
}

/// A caller whose request goes on for long, and the credential that it rests on.
#[derive(Debug)]
pub struct Session {
    shown: Shown<'static>,
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
        let Parts { config, development, fetch, keys_folder, api_keys, database, .. } = parts;
        let clock = parts.clock;
        build::check_times(config)?;
        let epoch = api_keys.as_ref().map(|keys| keys.epoch()).unwrap_or_default();
        let custody = Custody {
            shelf: keys_folder.map(Shelf::new),
            good_for: config.keys_good_for,
            epoch: epoch.clone(),
            clock: clock.clone(),
        };
        let mut issuers = HashMap::new();
        for trusted in
            build::trusted(config, development, fetch.as_ref(), &custody, parts.read_secret)?
        {
            let name = trusted.issuer.issuer.clone();
            if issuers.insert(name.clone(), trusted).is_some() {
                return Err(BuildError::Twice(name));
            }
        }
        if issuers.is_empty() {
            return Err(BuildError::NoIssuer);
        }
        let visa_issuers = build::trusted_visas(config, fetch.as_ref(), &custody)?;
        let cache = moka::sync::Cache::builder()
            .max_capacity(config.cached_tokens)
            .time_to_live(config.cache_ttl.min(MAX_CACHE_TTL))
            .build();
        let (leeway, key_refresh) = (config.leeway, config.key_refresh);
        let user_info = UserInfo::new(config.cached_tokens);
        Ok(Self {
            issuers,
            visa_issuers,
            user_info,
            api_keys,
            sessions: database.map(Sessions),
            first_login: config
                .issuers
                .iter()
                .find(|i| i.login.is_some())
                .map(|i| i.issuer.clone()),
            envelope: Envelope::new(),
            cache,
            epoch,
            leeway,
            key_refresh,
            clock,
        })
    }

    /// Reads the keys of all issuers, again and again, so that new ones are there before they are used and
    /// withdrawn ones go. After a failure the next look comes sooner.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        loop {
            let issuers = self.issuers.values().map(|trusted| &trusted.keys);
            let keys = issuers.chain(self.visa_issuers.values().map(|trusted| &trusted.keys));
            let looks = join_all(keys.map(Keys::refresh));
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
        let shown = credential::shown(headers)?;
        Ok(Arc::clone(&self.verified(&shown).await?.caller))
    }

    /// As [`authenticate`](Self::authenticate), for a request that may change something: a browser that
    /// shows its session by itself must also repeat the session's CSRF token.
    pub async fn authenticate_for(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Arc<Caller>, Error> {
        let shown = credential::shown(headers)?;
        if !matches!(*method, Method::GET | Method::HEAD) {
            credential::check_csrf(&shown, headers)?;
        }
        Ok(Arc::clone(&self.verified(&shown).await?.caller))
    }

    /// What a page of ours repeats in `X-CSRF-Token` where a request rests on a session.
    pub fn csrf_token(&self, headers: &HeaderMap) -> Option<String> {
        let shown = credential::shown(headers).ok()?;
        shown.is_session.then(|| login::csrf_token(&shown.token))
    }

    /// The session that a browser shows.
    pub fn session_shown(&self, headers: &HeaderMap) -> Option<SecretString> {
        let shown = credential::shown(headers).ok()?;
        shown.is_session.then(|| SecretString::from(&*shown.token))
    }

    /// The caller behind a request that goes on for long, with the credential for further looks. A
    /// websocket may show its token as a subprotocol, since browsers let it send no other header.
    pub async fn begin_session(&self, headers: &HeaderMap) -> Result<Session, Error> {
        let shown = credential::shown_in_session(headers)?;
        let verified = self.verified(&shown).await?;
        Ok(Session { shown: shown.into_owned(), verified })
    }

    /// Looks at a credential once more: its time may be over, or its key withdrawn.
    pub async fn recheck(&self, session: &mut Session) -> Result<(), Error> {
        session.verified = self.verified(&session.shown).await?;
        Ok(())
    }

    /// How long the credential is still good, if nobody withdraws it.
    pub fn time_left(&self, session: &Session) -> Duration {
        let leeway = i64::try_from(self.leeway.as_secs()).unwrap_or(i64::MAX);
        let end = session.verified.expires.saturating_add(leeway);
        let left = i128::from(end) * 1000 - i128::from(self.clock.now().as_millisecond());
        Duration::from_millis(u64::try_from(left.max(0)).unwrap_or(u64::MAX))
    }

    fn moment(&self) -> Moment {
        Moment::new(self.clock.now().as_second(), self.leeway)
    }
}
