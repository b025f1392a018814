//! `POST /api/v1/nodes/{node_id}/resume`: an operator lets a suspended node go on.

use axum::extract::State;

use super::view::NodeView;
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Path,
        json::Private,
    },
    domain::Role,
};

/// Lets a suspended node go on. If it was not heard of for a lease, it has expired until it is.
#[utoipa::path(
    post,
    path = "/nodes/{node_id}/resume",
    tag = "nodes",
    operation_id = "resume_node",
    params(("node_id" = String, Path, description = "Id of the node")),
    responses(
        (status = 200, description = "The node", body = NodeView),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
        (status = 404, description = "There is no such node", body = ErrorResponse),
        (status = 409, description = "It does not stand where this is possible", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn resume(
    State(api): State<Api>,
    caller: Authenticated,
    Path(node_id): Path<String>,
) -> Result<Private<NodeView>> {
    caller.require(&[Role::Operator])?;
    Ok(Private(api.nodes.resume(&node_id, caller.0.id.as_str()).await?.into()))
}
