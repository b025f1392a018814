//! Service Registry 1.0.0.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::service_info::Service;

/// A service and where it is (`ExternalService`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalService {
    /// What every service tells about itself.
    #[serde(flatten)]
    pub service: Service,
    /// Base URL: `service-info` is found below it.
    pub url: String,
    /// When it joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When its record was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// How clients of DNAstack's library log in. Not of the specification, which lets services add
    /// members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authentication: Vec<Authentication>,
}

/// One way to log in, in the words of DNAstack's client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Authentication {
    /// `oauth2`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Grant type of OAuth 2.0.
    pub grant_type: String,
    /// Client id.
    pub client_id: String,
    /// Secret of a public client, which is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// Where tokens are given out.
    pub access_token_url: String,
    /// Where a device begins to log in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_code_url: Option<String>,
    /// What the token is for.
    pub resource: String,
    /// Scopes to ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// The body of every error (`Error`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Error {
    /// The HTTP status.
    pub status: i32,
    /// A short text that stays the same.
    pub title: String,
    /// What happened, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
