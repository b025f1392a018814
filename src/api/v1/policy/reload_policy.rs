//! `POST /api/v1/policy/reload`: the policies of the folder come into force.

use axum::extract::State;

use super::{KEEPERS, view::PolicyView};
use crate::api::{
    Api,
    caller::Authenticated,
    error::{ErrorResponse, Result},
    json::Private,
};

/// Reads the folder with policies, checks them and their tests, and puts them in force as a whole. If
/// anything is wrong, those before stay in force.
#[utoipa::path(
    post,
    path = "/policy/reload",
    tag = "policy",
    responses(
        (status = 200, description = "They are in force", body = PolicyView),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no data steward and no operator", body = ErrorResponse),
        (status = 409, description = "There is no folder, or it cannot be read", body = ErrorResponse),
        (status = 422, description = "The policies are wrong, or their tests do not hold", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn reload_policy(
    State(api): State<Api>,
    caller: Authenticated,
) -> Result<Private<PolicyView>> {
    caller.require(KEEPERS)?;
    let set = api.policies.reload(caller.0.id.as_str()).await?;
    Ok(Private(PolicyView::of(&set)))
}
