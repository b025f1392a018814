//! An API key as callers see it: without its secret.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::ApiKey, ga4gh::time};

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyView {
    /// Its name in this API; no secret. It is the second part of the key.
    id: String,
    /// What it is for.
    name: String,
    /// Whose it is: issuer, `#` and subject.
    caller_id: String,
    /// What it may be used for: `read`, `submit`, `admin`.
    scopes: Vec<String>,
    /// The roles that it carries.
    roles: Vec<String>,
    /// `live`, `expired` or `revoked`.
    state: &'static str,
    /// When it was made.
    created_at: String,
    /// When it ends.
    expires_at: String,
    /// When it was used last.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
}

impl KeyView {
    pub(super) fn of(key: ApiKey, now: Timestamp) -> Self {
        let state = match key.revoked_at {
            Some(_) => "revoked",
            None if key.expires_at <= now => "expired",
            None => "live",
        };
        Self {
            state,
            id: key.id,
            name: key.name,
            caller_id: key.caller_id.to_string(),
            scopes: key.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            roles: key.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            created_at: time::format(key.created_at),
            expires_at: time::format(key.expires_at),
            last_used_at: key.last_used_at.map(time::format),
            revoked_at: key.revoked_at.map(time::format),
        }
    }
}
