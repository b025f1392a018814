//! Service Info 1.0.0: the members that every GA4GH service tells about itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What kind of service this is (`ServiceType` of Service Info 1.0.0).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct ServiceType {
    /// Namespace in reverse domain form; `org.ga4gh` only for official specifications.
    pub group: String,
    /// Name of the specification, such as `wes`.
    pub artifact: String,
    /// Version of the specification that is implemented.
    pub version: String,
}

/// Who runs the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Organization {
    /// Name for people.
    pub name: String,
    /// Home page.
    pub url: String,
}

/// The members common to every service-info answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Unique id; reverse domain form is recommended.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Which specification is implemented, in which version.
    #[serde(rename = "type")]
    pub service_type: ServiceType,
    /// What the service does, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Who runs it.
    pub organization: Organization,
    /// Whom to ask: a URL or `mailto:`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_url: Option<String>,
    /// Where it is documented.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation_url: Option<String>,
    /// `prod`, `test`, `dev` or `staging`; free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Version of the running service, changed with every update.
    pub version: String,
}
