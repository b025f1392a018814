//! The HTTP API: one file per operation, each with its OpenAPI text beside it.

mod caller;
mod error;
mod extract;
mod json;
mod links;
mod openapi;
mod ops;
mod v1;
mod wes;

use std::sync::Arc;

use axum::Router;
use serde::Deserialize;
use url::Url;

use crate::{
    alerts::Alerts, auth::Authenticator, federation::Federation, gateway::Gateway,
    telemetry::Metrics,
};

pub use self::{openapi::document, ops::router as ops_router};

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
            default_page_size: 100,
            max_page_size: 1000,
        }
    }
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
    /// Tells who asks.
    pub authenticator: Arc<Authenticator>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// How the gateway presents itself.
    pub config: Arc<Config>,
}

/// All routes that callers reach.
pub fn router(api: Api) -> Router {
    let (routes, document) = openapi::routes().split_for_parts();
    routes
        .merge(wes::aliases())
        .with_state(api)
        .merge(openapi::docs(document))
        .method_not_allowed_fallback(error::method_not_allowed)
        .fallback(error::no_such_route)
}
