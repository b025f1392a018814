//! A gateway as `main` builds it, over services of a test's choice.

use std::{path::Path, sync::Arc, time::Duration};

use ga4gh_gateway::{
    app::App,
    auth::DevelopmentIssuer,
    config,
    domain::{Role, SystemClock},
    events::Events,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{client::WesClient, services::TestService};

/// A running gateway.
pub(crate) struct TestGateway {
    app: App,
    data_dir: TempDir,
    config: Value,
}

impl TestGateway {
    /// Starts a gateway in front of these services.
    pub(crate) async fn start(services: &[&TestService]) -> Self {
        Self::start_with(services, json!({})).await
    }

    /// Starts a gateway with further settings, laid over the usual ones of tests section by section.
    pub(crate) async fn start_with(services: &[&TestService], settings: Value) -> Self {
        let configs = services.iter().map(|service| service.config.clone()).collect();
        Self::start_configured(configs, settings).await
    }

    /// Starts a gateway in front of services that are configured by hand.
    pub(crate) async fn start_configured(services: Vec<Value>, settings: Value) -> Self {
        let data_dir = tempfile::tempdir().expect("the temporary folder can be written");
        let config = configuration(services, &settings);
        let app = start(data_dir.path(), &config).await;
        Self { app, data_dir, config }
    }

    /// Stops the gateway and starts it again over the same data directory.
    pub(crate) async fn restart(self) -> Self {
        let Self { app, data_dir, config } = self;
        app.stop().await;
        let app = start(data_dir.path(), &config).await;
        Self { app, data_dir, config }
    }

    /// Stops the gateway and starts it again with further settings.
    pub(crate) async fn restart_with(mut self, settings: Value) -> Self {
        lay_over(&mut self.config, &settings);
        self.restart().await
    }

    /// Stops the gateway.
    pub(crate) async fn stop(self) {
        self.app.stop().await;
    }

    /// Its base URL, without a slash at the end.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.app.address)
    }

    /// Base URL of its operators' listener.
    pub(crate) fn ops_url(&self) -> String {
        format!("http://{}", self.app.ops_address)
    }

    /// Its data directory.
    pub(crate) fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// Where what happens is published.
    pub(crate) fn events(&self) -> &Events {
        self.app.events()
    }

    /// The API, as somebody with these roles.
    pub(crate) fn client_as(&self, subject: &str, roles: &[Role]) -> WesClient {
        WesClient::new(&self.base_url(), Some(self.token_as(subject, roles)))
    }

    /// The API, as an operator.
    pub(crate) fn operator(&self) -> WesClient {
        self.client_as("operator", &[Role::Operator])
    }

    /// A token of a researcher.
    pub(crate) fn token(&self, subject: &str) -> String {
        self.token_for(subject, Duration::from_secs(3600))
    }

    /// A token of a researcher that is good for some time.
    pub(crate) fn token_for(&self, subject: &str, ttl: Duration) -> String {
        self.mint(subject, &[Role::Researcher], ttl)
    }

    /// A token with these roles.
    pub(crate) fn token_as(&self, subject: &str, roles: &[Role]) -> String {
        self.mint(subject, roles, Duration::from_secs(3600))
    }

    /// The API, as a researcher of an institution.
    pub(crate) fn client_of(&self, subject: &str, institution: &str) -> WesClient {
        let hour = Duration::from_secs(3600);
        let token = self.mint_of(subject, institution, &[Role::Researcher], hour);
        WesClient::new(&self.base_url(), Some(token))
    }

    fn mint(&self, subject: &str, roles: &[Role], ttl: Duration) -> String {
        self.mint_of(subject, "Test University", roles, ttl)
    }

    fn mint_of(&self, subject: &str, institution: &str, roles: &[Role], ttl: Duration) -> String {
        let issuer = DevelopmentIssuer::open(self.data_dir(), Arc::new(SystemClock))
            .expect("the gateway made the key");
        issuer.mint(subject, Some(institution), roles, ttl)
    }

    /// The API, as this caller.
    pub(crate) fn client(&self, subject: &str) -> WesClient {
        WesClient::new(&self.base_url(), Some(self.token(subject)))
    }

    /// The API, as somebody without a credential.
    pub(crate) fn stranger(&self) -> WesClient {
        WesClient::new(&self.base_url(), None)
    }
}

async fn start(data_dir: &Path, config: &Value) -> App {
    let mut config = config.clone();
    config["data_dir"] = json!(data_dir);
    let config = config::from_value(&config).expect("the test's configuration is right");
    App::start(config).await.expect("the gateway starts")
}

fn configuration(services: Vec<Value>, settings: &Value) -> Value {
    let mut config = json!({
        "server": {"listen": "127.0.0.1:0", "ops_listen": "127.0.0.1:0", "grace_period": "2s", "threads": 2},
        "client": {"answer_timeout": "5s", "submit_timeout": "3s", "stall_timeout": "5s"},
        "gateway": {"poll_min": "100ms", "poll_max": "500ms", "details_fresh_for": "200ms", "lost_after": "2s"},
        "health": {"interval": "1s", "retry_interval": "500ms", "timeout": "3s"},
        "services": services,
    });
    lay_over(&mut config, settings);
    config
}

/// Lays settings over others, section by section.
fn lay_over(config: &mut Value, settings: &Value) {
    for (section, values) in settings.as_object().into_iter().flatten() {
        match (values.as_object(), config[section].is_object()) {
            (Some(values), true) => {
                for (key, value) in values {
                    config[section][key] = value.clone();
                }
            }
            _ => config[section] = values.clone(),
        }
    }
}
