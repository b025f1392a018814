//! From the record of a service to the adapter that speaks to it.

use std::sync::Arc;

use super::{Backend, client::Client, dnastack, michigan, wes};
use crate::domain::Service;

/// The kinds of service that have an adapter.
pub const KINDS: [&str; 3] = ["michigan", "dnastack", "wes"];

/// Builds the adapter for a service. The error says which setting is wrong, in words for its operator.
pub fn build(service: &Service, client: &Client) -> Result<Arc<dyn Backend>, String> {
    match service.kind.as_str() {
        "michigan" => Ok(Arc::new(michigan::MichiganBackend::try_new(service, client.clone())?)),
        "dnastack" => Ok(Arc::new(dnastack::DnastackBackend::try_new(service, client.clone())?)),
        "wes" => Ok(Arc::new(wes::WesBackend::try_new(service, client.clone())?)),
        other => Err(format!("kind `{other}` is none of {}", KINDS.join(", "))),
    }
}

/// What the service registry calls a kind: group, artifact and version of its API.
pub fn service_type(kind: &str) -> [&'static str; 3] {
    match kind {
        "michigan" => michigan::SERVICE_TYPE,
        "dnastack" => dnastack::SERVICE_TYPE,
        _ => wes::SERVICE_TYPE,
    }
}
