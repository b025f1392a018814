//! The composition root: a configuration in, a running gateway out, with its real addresses.

use std::{
    fs::{self, File, TryLockError},
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use secrecy::ExposeSecret;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};
use url::Url;

use crate::{
    alerts::{self, Alerts},
    api::{self, Api},
    auth::{self, Authenticator, DevelopmentIssuer, FetchKeys},
    backend::{self, client::Client},
    config::{Config, SecretRef},
    database::Database,
    domain::{Clock, Credential, Service, SystemClock},
    edge::{self, Edge},
    events::Events,
    federation::{self, Federation, Own, PanelCatalogue, PanelWatch, Scout, nodes::Nodes},
    gateway::{Gateway, Parts},
    health::{self, Health},
    ledger::Ledger,
    nodes::Roster,
    panels::Panels,
    registry::{self, Registry},
    telemetry::Metrics,
    vault::{Sealer, Vault, open_key_file},
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

/// The parts that serve, once everything they stand on is open.
struct House {
    api: Api,
    gateway: Arc<Gateway>,
    alerts: Arc<Alerts>,
    health: Arc<Health>,
    panel_watch: PanelWatch,
    nodes: Arc<Nodes>,
    database: Database,
}

impl App {
    /// Opens everything, asks the services once, and serves.
    pub async fn start(config: Config) -> Result<Self> {
        let lock = take_data_dir(&config.data_dir)?;
        let tracker = TaskTracker::new();
        let shutdown = CancellationToken::new();
        let House { api, gateway, alerts, health, panel_watch, nodes, database } =
            build(&config, &tracker).await?;

        // Callers find a gateway that knows its services, and operators one that answers at once.
        health.start(&shutdown).await.context("the history cannot be read")?;
        tracker.spawn(panel_watch.run(shutdown.clone()));
        gateway.start(&shutdown);
        alerts.start(&tracker, &shutdown);
        tracker.spawn(nodes.run(shutdown.clone()));
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
        self.database.close().await;
        info!("the gateway has stopped");
    }
}

/// Checks what a configuration refers to, without opening a port or a database. Every problem is told.
pub fn check(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let client = match Client::try_new(config.client.clone()) {
        Ok(client) => client,
        Err(error) => return vec![format!("client: {error}")],
    };
    for (position, service) in config.services.iter().enumerate() {
        let built = service.document.to_service().map_err(|flaw| flaw.why);
        if let Err(why) = built.and_then(|service| backend::build(&service, &client)) {
            problems.push(format!("services[{position}].settings: {why}"));
        }
    }
    let keys: Arc<dyn FetchKeys> = Arc::new(KeysByHttp(client));
    if !config.auth.issuers.is_empty()
        && let Err(error) = Authenticator::build(&config.auth, None, Some(keys), clock)
    {
        problems.push(format!("auth: {:#}", anyhow::Error::from(error)));
    }
    if let Err(error) = edge::check(&config.server) {
        problems.push(format!("server: {:#}", anyhow::Error::from(error)));
    }
    problems
}

async fn build(config: &Config, tracker: &TaskTracker) -> Result<House> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let client = Client::try_new(config.client.clone())
        .context("the authorities to trust cannot be read")?;
    let authenticator = authenticator(config, client.clone(), clock.clone())?;
    let database = open_database(config).await?;
    let master = open_key_file(&config.data_dir.join("master.key"))?;

    let ledger = Ledger::new(database.clone(), clock.clone());
    let parts = federation::Parts {
        registry: Arc::new(Registry::new(config.circuit.clone())),
        store: registry::Store::new(database.clone()),
        adapters: Arc::default(),
        vault: Arc::new(Vault::new(database.clone(), Sealer::new(&master, "service credentials"))),
        ledger: ledger.clone(),
        client: client.clone(),
        guarded_client: Client::try_guarded(config.client.clone(), config.discovery.guard())?,
        metrics: Arc::new(Metrics::new()),
        events: Events::new(config.events.clone(), clock.clone()),
        clock: clock.clone(),
    };
    let federation = Federation::new(parts.clone());
    federation.open(configured(config)?).await.context("the services cannot be read")?;
    let health = watch(config, &parts, &database, tracker);
    let alerts = alerts(config, &parts, database.clone())?;
    let nodes = nodes(config, &parts, federation.clone(), &database);
    let federation::Parts { registry, adapters, vault, metrics, events, .. } = parts;
    let scout = scout(config, &registry, &vault, &clock)?;

    let (catalogue, panel_watch) = catalogue(config, &database, &registry, &clock).await?;
    let parts = Parts {
        config: config.gateway.clone(),
        ledger,
        registry,
        adapters,
        vault,
        client,
        passwords: Sealer::new(&master, "archive passwords"),
        cursors: Sealer::new(&master, "page tokens"),
        clock,
        metrics: metrics.clone(),
        events: events.clone(),
        spool_dir: config.data_dir.clone(),
    };
    let gateway = Gateway::new(parts, tracker.clone());
    let api = Api {
        gateway: gateway.clone(),
        alerts: alerts.clone(),
        federation,
        health: health.clone(),
        nodes: nodes.clone(),
        scout,
        panels: catalogue,
        authenticator: Arc::new(authenticator),
        events,
        metrics,
        config: Arc::new(config.api.clone()),
    };
    Ok(House { api, gateway, alerts, health, panel_watch, nodes, database })
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

async fn open_database(config: &Config) -> Result<Database> {
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
        let service = service.map_err(|flaw| anyhow::anyhow!("{}: {}", flaw.member, flaw.why))?;
        Ok((service, item.credential.read().map_err(anyhow::Error::msg)?))
    });
    services.collect()
}

/// The catalogue of reference panels, and what keeps it up to date.
async fn catalogue(
    config: &Config,
    database: &Database,
    registry: &Arc<Registry>,
    clock: &Arc<dyn Clock>,
) -> Result<(PanelCatalogue, PanelWatch)> {
    let panels = Panels::open(database.clone(), clock.clone()).await;
    let panels = Arc::new(panels.context("the catalogue of panels cannot be read")?);
    let (registry, clock) = (registry.clone(), clock.clone());
    let watch = PanelWatch::new(config.panels.clone(), panels.clone(), registry.clone(), clock);
    Ok((PanelCatalogue::new(panels, registry), watch))
}

/// Where no issuer is configured, a gateway that only this machine can reach believes the tokens that it
/// mints itself; one that others can reach refuses to start.
fn authenticator(config: &Config, client: Client, clock: Arc<dyn Clock>) -> Result<Authenticator> {
    let alone = config.auth.issuers.is_empty();
    if alone && !config.auth.development_issuer && !config.server.listen.ip().is_loopback() {
        bail!("auth.issuers is empty, and server.listen can be reached by others");
    }
    let development = if alone || config.auth.development_issuer {
        Some(DevelopmentIssuer::open(&config.data_dir, clock.clone())?)
    } else {
        None
    };
    let keys: Arc<dyn FetchKeys> = Arc::new(KeysByHttp(client));
    Ok(Authenticator::build(&config.auth, development.as_ref(), Some(keys), clock)?)
}

/// Makes the data directory for its owner alone, and takes it.
fn take_data_dir(data_dir: &Path) -> Result<File> {
    let named = || format!("the data directory {} cannot be used", data_dir.display());
    fs::create_dir_all(data_dir).with_context(named)?;
    // Requests lie in the database as they came; nobody else may read them.
    fs::set_permissions(data_dir, fs::Permissions::from_mode(0o700)).with_context(named)?;
    let lock = File::create(data_dir.join("lock")).with_context(named)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            bail!("another gateway uses the data directory {}", data_dir.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(named),
    }
}

/// Lends the HTTP client to whoever needs the keys of an issuer.
#[derive(Debug)]
struct KeysByHttp(Client);

#[async_trait]
impl FetchKeys for KeysByHttp {
    async fn fetch(&self, url: &Url) -> Result<Vec<u8>, auth::BoxError> {
        const MAX_BYTES: usize = 1024 * 1024;
        let answer = self.0.get(&Credential::None, url).await?;
        if !answer.status().is_success() {
            return Err(format!("the key set answered with {}", answer.status()).into());
        }
        let bytes = answer.bytes().await?;
        if bytes.len() > MAX_BYTES {
            return Err(format!("the key set is longer than {MAX_BYTES} bytes").into());
        }
        Ok(bytes.into())
    }
}
