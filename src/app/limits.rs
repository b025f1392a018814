//! How much each may ask for, with the Redis that replicas share.

use std::sync::Arc;

use anyhow::{Context, Result};

use crate::{
    api::Gate,
    config::Config,
    limit::{Limiter, Places},
    redis_link::RedisLink,
    telemetry::Metrics,
};

/// What limits.
pub(super) struct Limits {
    pub(super) limiter: Arc<Limiter>,
    pub(super) places: Arc<Places>,
    pub(super) gate: Arc<Gate>,
    /// The way to Redis, if there is one.
    pub(super) redis: Option<Arc<RedisLink>>,
}

/// Builds the limits; nothing runs yet.
pub(super) async fn limits(config: &Config, metrics: &Arc<Metrics>) -> Result<Limits> {
    let redis = redis(config).await?;
    let limiter = Arc::new(match &redis {
        Some(link) => Limiter::shared(&config.limits, link.clone(), metrics.clone()),
        None => Limiter::new(&config.limits, metrics.clone()),
    });
    let (count, shares) = (config.gateway.max_submissions, config.limits.submissions.clone());
    let places = Places::new(count, shares, metrics.clone());
    let trusted = config.limits.trusted_proxies.clone();
    let gate = Arc::new(Gate::new(limiter.clone(), places.clone(), trusted));
    Ok(Limits { limiter, places, gate, redis })
}

/// The way to Redis, which need not be there: nothing waits for it long.
async fn redis(config: &Config) -> Result<Option<Arc<RedisLink>>> {
    let Some(place) = &config.redis_url else { return Ok(None) };
    let url = place.read().map_err(anyhow::Error::msg)?;
    let link = RedisLink::try_new(&url, config.redis.clone()).context("redis_url")?;
    // If it is away, whoever asks first is not the one who waits.
    let _ = link.look().await;
    Ok(Some(link))
}
