//! The way to a Redis that may be away at any time.
//!
//! A call takes a few milliseconds or fails. After a failure Redis counts as away: calls fail at once, without
//! a wait, until a look in the background has found that it takes writes again. Nothing that matters is kept
//! there alone.

mod config;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use redis::{
    Client, FromRedisValue, RedisResult, ScriptInvocation,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use self::config::Config;

/// Looks that fail before a connection is given up for a new one: it may be dead without saying so.
const LOOKS_PER_CONNECTION: u32 = 8;
/// How often a Redis that answers is looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// The way to Redis.
pub struct RedisLink {
    config: Config,
    client: Client,
    connection: ArcSwap<ConnectionManager>,
    /// How often Redis went away and came back: odd while it is away.
    turns: AtomicU64,
}

/// Redis is away, or did not answer in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Redis is away")]
pub struct Away;

/// The URL is none of a Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the URL begins with redis:// or rediss://")]
pub struct NotARedis;

impl RedisLink {
    /// The way to a Redis, which counts as away until it was looked at. Must be called within a runtime.
    pub fn try_new(url: &SecretString, config: Config) -> Result<Arc<Self>, NotARedis> {
        // The library's own words may repeat the URL, which holds a password.
        let client = Client::open(url.expose_secret()).map_err(|_| NotARedis)?;
        let connection = connection(&client, &config).map_err(|_| NotARedis)?;
        let connection = ArcSwap::from_pointee(connection);
        Ok(Arc::new(Self { config, client, connection, turns: AtomicU64::new(1) }))
    }

    /// Whether a URL is one of a Redis.
    pub fn check(url: &SecretString) -> Result<(), NotARedis> {
        Client::open(url.expose_secret()).map(drop).map_err(|_| NotARedis)
    }

    /// What every key begins with.
    pub fn prefix(&self) -> &str {
        &self.config.prefix
    }

    /// Whether it answered last.
    pub fn is_up(&self) -> bool {
        self.turns.load(Ordering::Acquire).is_multiple_of(2)
    }

    /// How often it went away. Whoever sees another number than before has missed what was written
    /// meanwhile.
    pub fn outages(&self) -> u64 {
        self.turns.load(Ordering::Acquire).div_ceil(2)
    }

    /// Runs a script, once, within the time-out.
    pub async fn call<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, Away> {
        if !self.is_up() {
            return Err(Away);
        }
        let mut connection = ConnectionManager::clone(&self.connection.load());
        self.settle(self.in_time(script.invoke_async(&mut connection)).await)
    }

    /// Looks after the connection until told to end.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut missed = 0;
        loop {
            let pause = if self.is_up() { INTERVAL } else { self.config.retry_interval };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => return,
            }
            missed = if self.look().await.is_ok() { 0 } else { missed + 1 };
            if missed >= LOOKS_PER_CONNECTION {
                missed = 0;
                if let Ok(fresh) = connection(&self.client, &self.config) {
                    self.connection.store(Arc::new(fresh));
                }
            }
        }
    }

    /// Looks whether Redis is there, and takes writes.
    pub async fn look(&self) -> Result<(), Away> {
        let mut connection = ConnectionManager::clone(&self.connection.load());
        let mut write = redis::cmd("SET");
        write.arg(format!("{}:look", self.config.prefix)).arg(1).arg("PX").arg(60_000);
        self.settle(self.in_time(write.exec_async(&mut connection)).await)?;
        if self.turns.fetch_update(Ordering::AcqRel, Ordering::Acquire, up).is_ok() {
            info!("Redis is there");
        }
        Ok(())
    }

    async fn in_time<T>(&self, call: impl Future<Output = RedisResult<T>>) -> Result<T, String> {
        match tokio::time::timeout(self.config.timeout, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(error.category().to_owned()),
            Err(_) => Err("it did not answer in time".to_owned()),
        }
    }

    fn settle<T>(&self, answer: Result<T, String>) -> Result<T, Away> {
        answer.map_err(|why| {
            if self.turns.fetch_update(Ordering::AcqRel, Ordering::Acquire, down).is_ok() {
                warn!("Redis is away: {why}");
            }
            Away
        })
    }
}

fn up(turns: u64) -> Option<u64> {
    (!turns.is_multiple_of(2)).then_some(turns + 1)
}

fn down(turns: u64) -> Option<u64> {
    turns.is_multiple_of(2).then_some(turns + 1)
}

fn connection(client: &Client, config: &Config) -> RedisResult<ConnectionManager> {
    let settings = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(Duration::from_secs(1)))
        .set_response_timeout(Some(config.timeout))
        .set_number_of_retries(1)
        .set_max_delay(config.retry_interval);
    ConnectionManager::new_lazy_with_config(client.clone(), settings)
}

impl fmt::Debug for RedisLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client would tell the password.
        f.debug_struct("RedisLink").field("config", &self.config).finish_non_exhaustive()
    }
}
