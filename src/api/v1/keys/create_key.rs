//! `POST /api/v1/keys`: a caller makes a key for a machine of theirs.

use std::{collections::BTreeSet, time::Duration};

use axum::{extract::State, http::StatusCode};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::KeyView;
use crate::{
    api::{
        Api,
        body::JsonBody,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        json::Private,
    },
    auth::{KeyError, NewKey},
    domain::{Role, Scope},
};

/// What a key should be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRequest {
    /// What it is for, in words for people.
    name: String,
    /// What it may be used for: `read`, `submit` (runs), `admin` (anything else).
    scopes: Vec<String>,
    /// The roles that it carries, of those that the caller has; `researcher` alone, unless set.
    #[serde(default)]
    roles: Option<Vec<String>>,
    /// How long it lives, in seconds.
    #[serde(default)]
    expires_in: Option<u64>,
}

/// A key with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyMade {
    #[serde(flatten)]
    key: KeyView,
    /// The key itself: `Authorization: Bearer`, `X-Api-Key`, or the password of Basic.
    secret: String,
}

/// Makes an API key for the caller. Its secret is in this answer and never shown again.
#[utoipa::path(
    post,
    path = "/keys",
    tag = "keys",
    request_body = KeyRequest,
    responses(
        (status = 201, description = "The key, with its secret", body = KeyMade),
        (status = 400, description = "A member is wrong", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The key would be worth more than its maker", body = ErrorResponse),
        (status = 409, description = "The caller has too many live keys", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn create_key(
    State(api): State<Api>,
    caller: Authenticated,
    JsonBody(request): JsonBody<KeyRequest>,
) -> Result<(StatusCode, Private<KeyMade>)> {
    caller.require(&Role::ALL)?;
    let roles = match request.roles {
        Some(roles) => words("roles", &roles, Role::parse)?,
        None => BTreeSet::from([Role::Researcher]).intersection(&caller.0.roles).copied().collect(),
    };
    let new = NewKey {
        name: request.name,
        scopes: words("scopes", &request.scopes, Scope::parse)?,
        roles,
        life: request.expires_in.map(Duration::from_secs),
    };
    let (key, secret) = api.api_keys.create(&caller.0, new).await?;
    let key = KeyView::of(key, api.api_keys.now());
    let made = KeyMade { key, secret: secret.expose_secret().to_owned() };
    Ok((StatusCode::CREATED, Private(made)))
}

fn words<T: Ord>(
    member: &str,
    words: &[String],
    parse: fn(&str) -> Option<T>,
) -> std::result::Result<BTreeSet<T>, KeyError> {
    let unknown = |word| KeyError::BadRequest(format!("`{member}`: there is no `{word}`"));
    words.iter().map(|word| parse(word).ok_or_else(|| unknown(word))).collect()
}
