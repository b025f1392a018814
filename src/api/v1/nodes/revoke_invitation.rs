//! `DELETE /api/v1/invitations/{invitation_id}`: an invitation is taken back.

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

/// Revokes an invitation that no node has used. A node that used it stays: withdraw or suspend it.
#[utoipa::path(
    delete,
    path = "/invitations/{invitation_id}",
    tag = "nodes",
    params(("invitation_id" = String, Path, description = "Id of the invitation")),
    responses(
        (status = 204, description = "It cannot be used any more"),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
        (status = 404, description = "There is none, or a node has used it", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn revoke_invitation(
    State(api): State<Api>,
    caller: Authenticated,
    Path(invitation_id): Path<String>,
) -> Result<StatusCode> {
    caller.require(&[Role::Operator])?;
    api.nodes.revoke_invitation(&invitation_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
