//! `GET /api/v1/nodes/{node_id}`: one node.

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

/// Shows a node: how it stands, what is in force, and what waits for approval.
#[utoipa::path(
    get,
    path = "/nodes/{node_id}",
    tag = "nodes",
    params(("node_id" = String, Path, description = "Id of the node")),
    responses(
        (status = 200, description = "The node", body = NodeView),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller operates nothing", body = ErrorResponse),
        (status = 404, description = "There is no such node", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_node(
    State(api): State<Api>,
    caller: Authenticated,
    Path(node_id): Path<String>,
) -> Result<Private<NodeView>> {
    caller.require(&[Role::Operator, Role::NodeOperator])?;
    Ok(Private(api.nodes.node(&node_id).await?.into()))
}
