//! `GET /api/v1/keys`: the caller's keys; to operators, anybody's.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::KeyView;
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Query,
        json::Private,
        page,
    },
    domain::{CallerId, Role},
};

/// Which keys are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeyQuery {
    /// Whose keys: an id of a caller, or `*` for all. For operators; the caller's own, unless set.
    caller_id: Option<String>,
    /// How many items at most; from 1 on.
    #[param(value_type = Option<i64>, minimum = 1)]
    page_size: Option<String>,
    /// Where the page starts: the `next_page_token` of the page before.
    page_token: Option<String>,
}

/// A page of keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyList {
    /// The keys, newest first, without their secrets, with those that ended in the last 90 days.
    keys: Vec<KeyView>,
    /// Where the next page starts; empty at the end.
    next_page_token: String,
}

/// Lists API keys, newest first. Secrets are never shown again.
#[utoipa::path(
    get,
    path = "/keys",
    tag = "keys",
    params(KeyQuery),
    responses(
        (status = 200, description = "A page of keys", body = KeyList),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "Others' keys are for operators", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn list_keys(
    State(api): State<Api>,
    caller: Authenticated,
    Query(query): Query<KeyQuery>,
) -> Result<Private<KeyList>> {
    caller.require(&Role::ALL)?;
    let own = caller.0.id.as_str();
    let wanted = query.caller_id.as_deref().unwrap_or(own);
    if wanted != own {
        caller.require(&[Role::Operator])?;
    }
    let owner = (wanted != "*").then(|| CallerId::from_stored(wanted.to_owned()));
    let size = page::page_size(query.page_size.as_deref(), &api.config)?;
    let before = page::page_token(query.page_token.as_deref());
    let mut keys = api.api_keys.list(owner.as_ref(), before, size.saturating_add(1)).await?;
    let more = keys.len() > size as usize;
    keys.truncate(size as usize);
    let next_page_token = keys.last().filter(|_| more).map(|last| last.id.clone());
    let now = api.api_keys.now();
    Ok(Private(KeyList {
        keys: keys.into_iter().map(|key| KeyView::of(key, now)).collect(),
        next_page_token: next_page_token.unwrap_or_default(),
    }))
}
