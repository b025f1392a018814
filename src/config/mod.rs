//! The only reader of configuration files and of the environment.
//!
//! Everything is checked as a whole before any port is opened, and every problem is told with its file
//! and key.

mod load;
mod problem;
mod secret;
mod service;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::{
    alerts, api, auth,
    backend::client,
    edge, events,
    federation::{self, PanelsConfig, nodes},
    gateway, health, limit, policy, redis_link, telemetry, vault, vitals,
};

pub use self::{
    load::{ENV_PREFIX, from_value, load},
    problem::Problem,
    secret::SecretRef,
    service::ServiceConfig,
};

/// The whole configuration. Each room states its own part.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the gateway keeps its database, its keys and its spool.
    pub data_dir: PathBuf,
    /// Where the URL of a PostgreSQL database is, since it holds a password; unset, an SQLite file in the
    /// data directory.
    pub database_url: Option<SecretRef>,
    /// Where the URL of a Redis is that replicas share, since it may hold a password; unset, there is
    /// none.
    pub redis_url: Option<SecretRef>,
    /// The way to it.
    pub redis: redis_link::Config,
    /// Listeners and limits of connections.
    pub server: edge::Config,
    /// How the gateway presents itself.
    pub api: api::Config,
    /// Whose tokens are believed.
    pub auth: auth::Config,
    /// Deadlines of calls to services.
    pub client: client::Config,
    /// How far and how long addresses are looked at that others name.
    pub discovery: federation::Config,
    /// How runs are taken in and followed.
    pub gateway: gateway::Config,
    /// How much each may ask for.
    pub limits: limit::Config,
    /// How often services are asked.
    pub health: health::Config,
    /// When a service is left alone, and how much it gets at a time.
    pub circuit: vitals::Config,
    /// How events are kept and told.
    pub events: events::Config,
    /// What operators are told of, and how.
    pub alerts: alerts::Config<SecretRef>,
    /// How the catalogue of reference panels is kept.
    pub panels: PanelsConfig,
    /// Where data may go.
    pub policy: policy::Config,
    /// Under what secrets are sealed, and when callers are warned of the end of theirs.
    pub vault: vault::Config<SecretRef>,
    /// Nodes that register themselves.
    pub nodes: nodes::Config,
    /// The log.
    pub log: telemetry::Config,
    /// The services of the federation.
    pub services: Vec<ServiceConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            database_url: None,
            redis_url: None,
            redis: redis_link::Config::default(),
            server: edge::Config::default(),
            api: api::Config::default(),
            auth: auth::Config::default(),
            client: client::Config::default(),
            discovery: federation::Config::default(),
            gateway: gateway::Config::default(),
            limits: limit::Config::default(),
            health: health::Config::default(),
            circuit: vitals::Config::default(),
            events: events::Config::default(),
            alerts: alerts::Config::default(),
            panels: PanelsConfig::default(),
            policy: policy::Config::default(),
            vault: vault::Config::default(),
            nodes: nodes::Config::default(),
            log: telemetry::Config::default(),
            services: Vec::new(),
        }
    }
}
