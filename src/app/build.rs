//! Opens the stores and builds the rooms on them, each once, ground first.

use std::sync::Arc;

use anyhow::{Context, Result};
use secrecy::ExposeSecret;
use tokio_util::task::TaskTracker;

use super::{
    issuers::identity,
    keys,
    limits::{Limits, limits},
};
use crate::{
    alerts::{self, Alerts},
    api::Api,
    audit::Audit,
    backend::client::Client,
    config::{Config, SecretRef},
    database::Database,
    datasets::{Datasets, PolicySets},
    domain::{Clock, Credential, Service, SystemClock},
    events::Events,
    federation::{
        self, CredentialParts, Credentials, Federation, Own, PanelCatalogue, PanelWatch, Policies,
        PolicyParts, Scout, nodes::Nodes,
    },
    gateway::{Gateway, Parts},
    health::{self, Health},
    ledger::Ledger,
    limit::Limiter,
    nodes::Roster,
    panels::Panels,
    policy::Lawbook,
    redis_link::RedisLink,
    registry::{self, Registry},
    telemetry::Metrics,
    vault::{Sealer, Vault},
};

/// The parts that serve, once everything they stand on is open.
pub(super) struct House {
    /// What callers reach, with the use cases behind it.
    pub(super) api: Api,
    pub(super) panel_watch: PanelWatch,
    pub(super) limiter: Arc<Limiter>,
    pub(super) redis: Option<Arc<RedisLink>>,
    pub(super) database: Database,
}

/// Builds everything; nothing runs yet.
#[expect(clippy::too_many_lines, reason = "each room once, in the order of the floors")]
pub(super) async fn build(config: &Config, tracker: &TaskTracker) -> Result<House> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let client = client(config)?;
    let database = open_database(config).await?;
    let (authenticator, api_keys) = identity(config, &client, &database, &clock)?;
    let ring = keys::open(config)?;

    let audit = Audit::new(database.clone(), clock.clone());
    let vault = Vault::new(database.clone(), &ring);
    let parts = foundation(config, client, vault, &database, &clock)?;
    let federation = federation(config, &parts).await?;
    let health = watch(config, &parts, &database, tracker);
    let alerts = alerts(config, &parts, database.clone())?;
    let nodes = nodes(config, &parts, federation.clone(), &database);
    let credentials = credentials(config, &parts);
    let federation::Parts { registry, adapters, vault, metrics, events, ledger, client, .. } =
        parts;
    let scout = scout(config, &registry, &vault, &clock)?;

    let Limits { limiter, places, gate, redis } = limits(config, &metrics).await?;
    let panels = Panels::open(database.clone(), clock.clone()).await;
    let panels = Arc::new(panels.context("the catalogue of panels cannot be read")?);
    let (catalogue, panel_watch) = catalogue(config, &panels, &registry, &clock);
    let law = law(config, &database, &panels, &registry, &clock).await?;
    let parts = Parts {
        config: config.gateway.clone(),
        ledger,
        audit: audit.clone(),
        registry,
        law: law.book,
        datasets: law.datasets.clone(),
        panels,
        adapters,
        vault,
        client,
        passwords: Sealer::of(&ring, keys::PASSWORDS),
        cursors: Sealer::of(&ring, "page tokens"),
        clock,
        metrics: metrics.clone(),
        events: events.clone(),
        limiter: limiter.clone(),
        places,
        spool_dir: config.data_dir.clone(),
    };
    let api = Api {
        gateway: Gateway::new(parts, tracker.clone()),
        alerts,
        federation,
        health,
        nodes,
        credentials,
        scout,
        panels: catalogue,
        authenticator,
        api_keys,
        audit,
        gate,
        policies: law.policies,
        datasets: law.datasets,
        events,
        metrics,
        config: Arc::new(config.api.clone()),
        tracker: tracker.clone(),
    };
    Ok(House { api, panel_watch, limiter, redis, database })
}

/// What the federation and its runs stand on.
fn foundation(
    config: &Config,
    client: Client,
    vault: Vault,
    database: &Database,
    clock: &Arc<dyn Clock>,
) -> Result<federation::Parts> {
    Ok(federation::Parts {
        registry: Arc::new(Registry::new(config.circuit.clone())),
        store: registry::Store::new(database.clone()),
        adapters: Arc::default(),
        vault: Arc::new(vault),
        ledger: Ledger::new(database.clone(), clock.clone()),
        client,
        guarded_client: Client::try_guarded(config.client.clone(), config.discovery.guard())?,
        metrics: Arc::new(Metrics::new()),
        events: Events::new(config.events.clone(), clock.clone()),
        clock: clock.clone(),
    })
}

/// Calls services and issuers.
fn client(config: &Config) -> Result<Client> {
    Client::try_new(config.client.clone()).context("the authorities to trust cannot be read")
}

/// The services, with those of the configuration in force.
async fn federation(config: &Config, parts: &federation::Parts) -> Result<Arc<Federation>> {
    let federation = Federation::new(parts.clone());
    federation.open(configured(config)?).await.context("the services cannot be read")?;
    Ok(federation)
}

/// The watch over the services.
fn watch(
    config: &Config,
    parts: &federation::Parts,
    database: &Database,
    tracker: &TaskTracker,
) -> Arc<Health> {
    let parts = health::Parts {
        config: config.health.clone(),
        registry: parts.registry.clone(),
        adapters: parts.adapters.clone(),
        vault: parts.vault.clone(),
        database: database.clone(),
        events: parts.events.clone(),
        clock: parts.clock.clone(),
    };
    Health::new(parts, tracker.clone())
}

/// The alerts over what the federation stands on.
fn alerts(config: &Config, parts: &federation::Parts, database: Database) -> Result<Arc<Alerts>> {
    let alerts = config.alerts.with_secrets(SecretRef::read).and_then(|alerts| {
        Alerts::build(alerts::Parts {
            config: alerts,
            registry: parts.registry.clone(),
            vault: parts.vault.clone(),
            client: parts.client.clone(),
            certificates: [&parts.client, &parts.guarded_client]
                .map(|client| client.certificates().clone())
                .into(),
            events: parts.events.clone(),
            database,
            clock: parts.clock.clone(),
        })
    });
    alerts.map_err(|(key, why)| anyhow::anyhow!("alerts.{key}: {why}"))
}

/// Nodes that register themselves, under the name by which they address the gateway.
fn nodes(
    config: &Config,
    parts: &federation::Parts,
    federation: Arc<Federation>,
    database: &Database,
) -> Arc<Nodes> {
    let public_url = config.api.public_url.as_ref().map(ToString::to_string);
    let audience = config.nodes.audience.clone().or(public_url);
    Nodes::new(federation::nodes::Parts {
        config: config.nodes.clone(),
        audience: audience.unwrap_or_else(|| config.api.id.clone()),
        roster: Roster::new(database.clone(), parts.clock.clone()),
        federation,
        registry: parts.registry.clone(),
        ledger: parts.ledger.clone(),
        guard: config.discovery.guard(),
        events: parts.events.clone(),
        clock: parts.clock.clone(),
    })
}

/// The credentials that callers enter.
fn credentials(config: &Config, parts: &federation::Parts) -> Arc<Credentials> {
    Credentials::new(CredentialParts {
        warn: config.vault.warnings(),
        vault: parts.vault.clone(),
        registry: parts.registry.clone(),
        adapters: parts.adapters.clone(),
        events: parts.events.clone(),
        clock: parts.clock.clone(),
    })
}

pub(super) async fn open_database(config: &Config) -> Result<Database> {
    let opened = match &config.database_url {
        Some(place) => {
            let url = place.read().map_err(anyhow::Error::msg)?;
            Database::open_postgres(url.expose_secret()).await
        }
        None => Database::open_sqlite(&config.data_dir.join("gateway.sqlite")).await,
    };
    opened.context("the database cannot be opened")
}

/// Looks at servers that others name.
fn scout(
    config: &Config,
    registry: &Arc<Registry>,
    vault: &Arc<Vault>,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<Scout>> {
    let own = Own { id: config.api.id.clone(), url: config.api.public_url.clone() };
    let (registry, vault, clock) = (registry.clone(), vault.clone(), clock.clone());
    let scout =
        Scout::try_new(config.discovery.clone(), &config.client, registry, vault, clock, own);
    Ok(Arc::new(scout.context("no certificate authorities")?))
}

/// The services of the configuration file, with their credentials read.
fn configured(config: &Config) -> Result<Vec<(Service, Credential)>> {
    let services = config.services.iter().map(|item| {
        let service = item.document.to_service();
        let service = service.map_err(|flaw| anyhow::anyhow!("{flaw}"))?;
        Ok((service, item.credential.read().map_err(anyhow::Error::msg)?))
    });
    services.collect()
}

/// The catalogue of reference panels, and what keeps it up to date.
fn catalogue(
    config: &Config,
    panels: &Arc<Panels>,
    registry: &Arc<Registry>,
    clock: &Arc<dyn Clock>,
) -> (PanelCatalogue, PanelWatch) {
    let (registry, clock) = (registry.clone(), clock.clone());
    let watch = PanelWatch::new(config.panels.clone(), panels.clone(), registry.clone(), clock);
    (PanelCatalogue::new(panels.clone(), registry), watch)
}

/// Where data may go, and who keeps that.
struct LawOfTheHouse {
    book: Arc<Lawbook>,
    datasets: Arc<Datasets>,
    policies: Arc<Policies>,
}

async fn law(
    config: &Config,
    database: &Database,
    panels: &Arc<Panels>,
    registry: &Arc<Registry>,
    clock: &Arc<dyn Clock>,
) -> Result<LawOfTheHouse> {
    let floor = config.policy.floor();
    let floor = floor.map_err(|(key, why)| anyhow::anyhow!("policy.{key}: {why}"))?;
    let datasets = Datasets::open(database.clone(), clock.clone(), floor.blocs.clone()).await;
    let datasets = Arc::new(datasets.context("the records of datasets cannot be read")?);
    let book = Arc::new(Lawbook::default());
    let policies = Policies::open(PolicyParts {
        config: config.policy.clone(),
        floor: Arc::new(floor),
        law: book.clone(),
        sets: PolicySets::new(database.clone()),
        datasets: datasets.clone(),
        panels: panels.clone(),
        registry: registry.clone(),
        clock: clock.clone(),
    });
    let policies = policies.await.context("the policies cannot be put in force")?;
    Ok(LawOfTheHouse { book, datasets, policies })
}
