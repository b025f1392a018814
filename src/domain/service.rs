//! A federated service as its operator describes it.

use serde_json::{Map, Value};
use url::Url;

use super::{Jurisdiction, ServiceId};

/// The record of a service: what an operator says. What the service says itself is its `Offer`.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Id in the federation.
    pub id: ServiceId,
    /// Which adapter speaks to it; the names stand in `backend::build`.
    pub kind: String,
    /// Name for people.
    pub name: String,
    /// Base URL, as its operator gives it.
    pub url: Url,
    /// Under whose law it stands. Services never say so themselves.
    pub jurisdiction: Jurisdiction,
    /// Who runs it: name and home page.
    pub organization: Option<(String, String)>,
    /// Settings that only its adapter reads.
    pub settings: Map<String, Value>,
}
