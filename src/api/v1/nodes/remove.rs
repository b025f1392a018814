//! `DELETE /api/v1/nodes/{node_id}`: an operator takes a node out.

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

/// Takes a node out. Its service gets no more runs, and is taken out when those that it has ended.
#[utoipa::path(
    delete,
    path = "/nodes/{node_id}",
    tag = "nodes",
    operation_id = "remove_node",
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
pub(super) async fn remove(
    State(api): State<Api>,
    caller: Authenticated,
    Path(node_id): Path<String>,
) -> Result<Private<NodeView>> {
    caller.require(&[Role::Operator])?;
    Ok(Private(api.nodes.remove(&node_id, caller.0.id.as_str()).await?.into()))
}
