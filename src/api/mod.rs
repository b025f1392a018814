//! The HTTP API: one file per operation, each with its OpenAPI text beside it.

mod body;
mod caller;
mod change;
mod error;
mod etag;
mod extract;
mod json;
mod limit;
mod links;
mod openapi;
mod ops;
mod page;
mod registry;
mod v1;
mod wes;

use std::sync::Arc;

use axum::{Router, middleware};
use serde::Deserialize;
use tokio_util::task::TaskTracker;
use url::Url;

use crate::{
    alerts::Alerts,
    audit::Audit,
    auth::Authenticator,
    events::Events,
    federation::{Federation, PanelCatalogue, Scout, nodes::Nodes},
    gateway::Gateway,
    health::Health,
    telemetry::Metrics,
};

pub use self::{limit::Gate, openapi::document, ops::router as ops_router};

/// How the gateway presents itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The URL by which callers reach the gateway. Links in answers begin with it; unset, they begin
    /// with the host that the request was sent to.
    pub public_url: Option<Url>,
    /// Id of the WES service, in reverse domain form.
    pub id: String,
    /// Name of the WES service.
    pub name: String,
    /// Who runs the gateway.
    pub organization_name: String,
    /// Their home page.
    pub organization_url: String,
    /// Whom to ask: a URL or `mailto:`.
    pub contact_url: Option<String>,
    /// Where callers read how to get a credential.
    pub auth_instructions_url: Option<String>,
    /// How clients of DNAstack's library log in; published in the service registry.
    pub registry_login: Option<RegistryLogin>,
    /// Runs on a page, unless the caller asks for fewer.
    pub default_page_size: u32,
    /// Runs on a page at most.
    pub max_page_size: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            public_url: None,
            id: "org.example.ga4gh-gateway.wes".to_owned(),
            name: "GA4GH federation gateway".to_owned(),
            organization_name: "Unnamed federation".to_owned(),
            organization_url: "https://example.org".to_owned(),
            contact_url: None,
            auth_instructions_url: None,
            registry_login: None,
            default_page_size: 100,
            max_page_size: 1000,
        }
    }
}

/// How clients of DNAstack's library log in. All of it is published, so a secret in it is none.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryLogin {
    /// Grant type of OAuth 2.0: `urn:ietf:params:oauth:grant-type:device_code` for people, or
    /// `client_credentials`.
    pub grant_type: String,
    /// Client id.
    pub client_id: String,
    /// Secret of a public client, where the grant type wants one.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// Where tokens are given out.
    pub access_token_url: Url,
    /// Where a device begins to log in.
    #[serde(default)]
    pub device_code_url: Option<Url>,
    /// Scopes to ask for.
    #[serde(default)]
    pub scope: Option<String>,
}

/// What the handlers stand on.
#[derive(Debug, Clone)]
pub struct Api {
    /// The use cases.
    pub gateway: Arc<Gateway>,
    /// What operators are told.
    pub alerts: Arc<Alerts>,
    /// The services that take part.
    pub federation: Arc<Federation>,
    /// The watch over the services.
    pub health: Arc<Health>,
    /// The use cases around nodes that register themselves.
    pub nodes: Arc<Nodes>,
    /// Looks at servers before they take part.
    pub scout: Arc<Scout>,
    /// The use cases around reference panels.
    pub panels: PanelCatalogue,
    /// Tells who asks.
    pub authenticator: Arc<Authenticator>,
    /// How much each may ask for.
    pub gate: Arc<Gate>,
    /// What is permitted and done, for those who must prove it.
    pub audit: Audit,
    /// What happens, for those who listen.
    pub events: Events,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How the gateway presents itself.
    pub config: Arc<Config>,
    /// What goes on though its caller left.
    pub tracker: TaskTracker,
}

/// All routes that callers reach.
pub fn router(api: Api) -> Router {
    let (routes, document) = openapi::routes().split_for_parts();
    routes
        .merge(wes::aliases())
        .merge(registry::aliases())
        .route_layer(middleware::from_fn_with_state(api.clone(), change::change))
        .with_state(api.clone())
        .merge(openapi::docs(document))
        .method_not_allowed_fallback(error::method_not_allowed)
        .fallback(error::no_such_route)
        .layer(middleware::from_fn_with_state(api, limit::limited))
}
