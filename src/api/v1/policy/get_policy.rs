//! `GET /api/v1/policy`: the policies in force.

use axum::extract::State;

use super::{KEEPERS, view::PolicyView};
use crate::api::{
    Api,
    caller::Authenticated,
    error::{ErrorResponse, Result},
    json::Private,
};

/// Tells which policies are in force, since when and by whom.
#[utoipa::path(
    get,
    path = "/policy",
    tag = "policy",
    responses(
        (status = 200, description = "The policies in force", body = PolicyView),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no data steward and no operator", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_policy(
    State(api): State<Api>,
    caller: Authenticated,
) -> Result<Private<PolicyView>> {
    caller.require(KEEPERS)?;
    let set = api.policies.in_force().await;
    Ok(Private(set.as_ref().map(PolicyView::of).unwrap_or_default()))
}
