//! API keys, by which machines come in: made by a caller for themselves, shown once, and worth no more
//! than that caller asked for.

mod secret;
mod store;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use self::{secret::Secret, store::Store};
use super::Error;
use crate::{
    database::Database,
    domain::{Caller, CallerId, Clock, Role, Scope},
};

pub(super) use self::secret::is_api_key;

/// Bounds of API keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeysConfig {
    /// How long a key lives that states nothing.
    #[serde(with = "humantime_serde")]
    pub default_life: Duration,
    /// How long a key may live. Its roles are those of its making, so no longer than somebody may keep
    /// them after they lost them.
    #[serde(with = "humantime_serde")]
    pub max_life: Duration,
    /// Live keys of one caller at most.
    pub max_per_caller: u32,
}

impl Default for KeysConfig {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 3600);
        Self { default_life: 90 * day, max_life: 365 * day, max_per_caller: 50 }
    }
}

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its name in the API; no secret. Ids sort by time.
    pub id: String,
    /// What it is for, in its owner's words.
    pub name: String,
    /// Whose it is.
    pub caller_id: CallerId,
    /// Their institution when it was made.
    pub institution: Option<String>,
    /// Roles that it carries.
    pub roles: BTreeSet<Role>,
    /// What it may be used for.
    pub scopes: BTreeSet<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used last, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What somebody wants of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// What it is for.
    pub name: String,
    /// What it may be used for; none of it more than its maker may.
    pub scopes: BTreeSet<Scope>,
    /// Roles that it carries; none that its maker does not have.
    pub roles: BTreeSet<Role>,
    /// How long it lives.
    pub life: Option<Duration>,
}

/// Why a key was not made, found or revoked.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Something in the request makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// The caller does not have what the key should carry.
    #[error("the key would be worth more than you are: {0}")]
    Beyond(String),
    /// A key would outlive its own end by making another.
    #[error("a key makes no keys: use a token, or log in")]
    MadeByKey,
    /// The caller has too many.
    #[error("you have {0} live keys already; revoke one")]
    TooMany(u32),
    /// The caller has no such key.
    #[error("there is no such key")]
    Unknown,
    /// The database did not do it.
    #[error("the keys cannot be read or written")]
    Database(#[from] sqlx::Error),
}

/// How often the last use of keys is written down.
const TIDY: Duration = Duration::from_secs(60);

/// How long a key is listed after its end.
const KEEP: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Longest name, in characters.
const MAX_NAME: usize = 100;

/// All API keys.
#[derive(Debug)]
pub struct ApiKeys {
    store: Store,
    config: KeysConfig,
    /// Last uses that are not written down yet. Held for one look or change.
    used: Mutex<HashMap<String, Timestamp>>,
    /// Rises when a key is revoked, so that what was verified is looked at anew.
    epoch: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
}

impl ApiKeys {
    /// The keys in a database.
    pub fn new(database: Database, config: KeysConfig, clock: Arc<dyn Clock>) -> Self {
        let (store, used, epoch) = (Store(database), Mutex::default(), Arc::default());
        Self { store, config, used, epoch, clock }
    }

    /// Makes a key for a caller. Its text is in the answer alone.
    pub async fn create(
        &self,
        caller: &Caller,
        new: NewKey,
    ) -> Result<(ApiKey, SecretString), KeyError> {
        let life = self.check(caller, &new)?;
        let created_at = self.clock.now();
        let most = self.config.max_per_caller;
        if self.store.count_live(&caller.id, created_at).await? >= i64::from(most) {
            return Err(KeyError::TooMany(most));
        }
        let secret = Secret::generate();
        let key = ApiKey {
            id: secret.id.clone(),
            name: new.name,
            caller_id: caller.id.clone(),
            institution: caller.institution.clone(),
            roles: new.roles,
            scopes: new.scopes,
            created_at,
            expires_at: created_at.saturating_add(life).unwrap_or(Timestamp::MAX),
            last_used_at: None,
            revoked_at: None,
        };
        self.store.insert(&key, &secret.hash()).await?;
        Ok((key, secret.into_text()))
    }

    fn check(&self, caller: &Caller, new: &NewKey) -> Result<Duration, KeyError> {
        let bad = |why: &str| Err(KeyError::BadRequest(why.to_owned()));
        if caller.key.is_some() {
            return Err(KeyError::MadeByKey);
        }
        let is_named = (1..=MAX_NAME).contains(&new.name.chars().count());
        if !is_named || new.name.chars().any(char::is_control) {
            return bad("`name` is one line of at most 100 characters");
        }
        if new.scopes.is_empty() {
            return bad("`scopes` names at least one of read, submit and admin");
        }
        if let Some(scope) = new.scopes.difference(&caller.scopes).next() {
            return Err(KeyError::Beyond(format!("the scope {}", scope.as_str())));
        }
        if let Some(role) = new.roles.difference(&caller.roles).next() {
            return Err(KeyError::Beyond(format!("the role {}", role.as_str())));
        }
        let life = new.life.unwrap_or(self.config.default_life.min(self.config.max_life));
        if life.is_zero() || life > self.config.max_life {
            let days = self.config.max_life.as_secs() / (24 * 3600);
            return bad(&format!("`expires_in` is more than 0 and at most {days} days"));
        }
        Ok(life)
    }

    /// Keys, newest first, with those that ended lately; of one caller or of all.
    pub async fn list(
        &self,
        owner: Option<&CallerId>,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ApiKey>, KeyError> {
        let mut keys = self.store.list(owner, before, limit).await?;
        let used = self.used.lock().expect("no holder panics");
        for key in &mut keys {
            key.last_used_at = used.get(&key.id).copied().or(key.last_used_at);
        }
        Ok(keys)
    }

    /// Revokes a key, of this caller or of anybody. It is not believed any more once this returns.
    pub async fn revoke(&self, owner: Option<&CallerId>, id: &str) -> Result<(), KeyError> {
        if !self.store.revoke(owner, id, self.clock.now()).await? {
            return Err(KeyError::Unknown);
        }
        self.epoch.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Writes down last uses until the end.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        loop {
            let is_over = tokio::select! {
                () = tokio::time::sleep(TIDY) => false,
                () = shutdown.cancelled() => true,
            };
            self.tidy().await;
            if is_over {
                return;
            }
        }
    }

    async fn tidy(&self) {
        let used: Vec<_> = self.used.lock().expect("no holder panics").drain().collect();
        let forget = self.clock.now().saturating_sub(KEEP).unwrap_or(Timestamp::MIN);
        if let Err(error) = self.store.tidy(&used, forget).await {
            warn!(
                error = &error as &dyn std::error::Error,
                "the last use of {} API keys is lost",
                used.len()
            );
        }
    }

    /// The caller behind a key, and the second at which it expires.
    pub(super) async fn find(&self, text: &str) -> Result<(Caller, i64), Error> {
        let shown = Secret::read(text).ok_or(Error::UnknownApiKey)?;
        let found = self.store.get(&shown.id).await.map_err(|error| {
            warn!(error = &error as &dyn std::error::Error, "an API key cannot be looked up");
            Error::StoreUnavailable
        })?;
        let (key, hash) = found.ok_or(Error::UnknownApiKey)?;
        if !shown.fits(&hash) || key.revoked_at.is_some() {
            return Err(Error::UnknownApiKey);
        }
        if key.expires_at <= self.clock.now() {
            return Err(Error::TokenExpired);
        }
        let caller = Caller {
            institution: key.institution,
            roles: key.roles,
            scopes: key.scopes,
            key: Some(key.id),
            ..Caller::new(key.caller_id)
        };
        Ok((caller, key.expires_at.as_second()))
    }

    /// Notes that a key was used.
    pub(super) fn touch(&self, id: &str) {
        let now = self.clock.now();
        let mut used = self.used.lock().expect("no holder panics");
        match used.get_mut(id) {
            Some(at) => *at = now,
            None => {
                used.insert(id.to_owned(), now);
            }
        }
    }

    pub(super) fn epoch(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.epoch)
    }
}
