//! The composition root: a configuration in, a running gateway out, with its real addresses.

mod build;
mod check;
mod data_dir;
mod issuers;
mod keys;
mod limits;

use std::{fs::File, net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use self::build::{House, build};
pub use self::{
    check::check,
    keys::{Rotated, rotate},
};
use crate::{
    api,
    audit::{Act, Entry},
    config::Config,
    database::Database,
    edge::{self, Edge},
    events::Events,
};

/// A running gateway.
#[derive(Debug)]
pub struct App {
    /// Where callers are served.
    pub address: SocketAddr,
    /// Where operators are served.
    pub ops_address: SocketAddr,
    edge: edge::Running,
    grace_period: Duration,
    database: Database,
    tracker: TaskTracker,
    shutdown: CancellationToken,
    events: Events,
    /// Held as long as the gateway runs, so that no second one uses the same data directory.
    _lock: File,
}

impl App {
    /// Opens everything, asks the services once, and serves.
    pub async fn start(config: Config) -> Result<Self> {
        let lock = data_dir::take(&config.data_dir)?;
        let tracker = TaskTracker::new();
        let shutdown = CancellationToken::new();
        let House { api, panel_watch, limiter, redis, database } = build(&config, &tracker).await?;

        let started = Entry::new(Act::Started).with("version", env!("CARGO_PKG_VERSION"));
        api.audit.record(started).await.context("the audit trail cannot be written")?;
        // Callers find a gateway that knows its services, and operators one that answers at once.
        api.health.start(&shutdown).await.context("the history cannot be read")?;
        tracker.spawn(panel_watch.run(shutdown.clone()));
        api.gateway.start(&shutdown);
        api.alerts.start(&tracker, &shutdown);
        tracker.spawn(api.nodes.clone().run(shutdown.clone()));
        tracker.spawn(limiter.run(shutdown.clone()));
        if let Some(redis) = redis {
            tracker.spawn(redis.run(shutdown.clone()));
        }
        tracker.spawn(api.authenticator.clone().run(shutdown.clone()));
        tracker.spawn(api.api_keys.clone().run(shutdown.clone()));
        tracker.spawn(api.policies.clone().run(shutdown.clone()));
        let (credentials, stop) = (api.credentials.clone(), shutdown.clone());
        tracker.spawn(async move { credentials.run(stop).await });
        let grace_period = config.server.grace_period;
        let metrics = api.metrics.clone();
        let events = api.events.clone();
        let routes = edge::metered(api::router(api.clone()), metrics);
        let ops = api::ops_router(api);
        let edge = Edge::start(config.server, routes, ops, shutdown.clone())
            .context("the listeners cannot be opened")?;
        info!(address = %edge.address, "the gateway serves at {}", edge.address);
        Ok(Self {
            address: edge.address,
            ops_address: edge.ops_address,
            edge,
            grace_period,
            database,
            tracker,
            shutdown,
            events,
            _lock: lock,
        })
    }

    /// Where what happens is published.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Serves until `signal`, then stops.
    pub async fn run_until(self, signal: impl Future<Output = ()>) {
        tokio::select! {
            () = signal => info!("the gateway was told to stop"),
            () = self.edge.stopped() => {}
        }
        self.stop().await;
    }

    /// Stops: no new connections, what is under way finishes, loops end, the ledger closes. What takes
    /// longer than the grace period is cut; a submission among it is found again at the next start.
    pub async fn stop(self) {
        // Streams of events would never end by themselves.
        self.events.close();
        self.shutdown.cancel();
        self.edge.stopped().await;
        self.tracker.close();
        if tokio::time::timeout(self.grace_period, self.tracker.wait()).await.is_err() {
            warn!("{} tasks were cut at the end of the grace period", self.tracker.len());
        }
        // A database that does not answer any more must not keep the process.
        if tokio::time::timeout(self.grace_period, self.database.close()).await.is_err() {
            warn!("the database was not closed in time");
        }
        info!("the gateway has stopped");
    }
}
