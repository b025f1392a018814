//! `DELETE /api/v1/keys/{key_id}`: a key is not believed any more.

use axum::{extract::State, http::StatusCode};

use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Path,
    },
    domain::Role,
};

/// Revokes an API key, at once: one's own, or as an operator anybody's.
#[utoipa::path(
    delete,
    path = "/keys/{key_id}",
    tag = "keys",
    params(("key_id" = String, Path, description = "Id of the key")),
    responses(
        (status = 204, description = "It is not believed any more"),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The credential is not good for this", body = ErrorResponse),
        (status = 404, description = "The caller has no such key", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn revoke_key(
    State(api): State<Api>,
    caller: Authenticated,
    Path(key_id): Path<String>,
) -> Result<StatusCode> {
    caller.require(&Role::ALL)?;
    let is_operator = caller.0.roles.contains(&Role::Operator);
    let owner = (!is_operator).then_some(&caller.0.id);
    api.api_keys.revoke(owner, &key_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
