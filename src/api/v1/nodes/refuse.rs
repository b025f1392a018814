//! `POST /api/v1/nodes/{node_id}/refuse`: an operator refuses a node.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::NodeView;
use crate::{
    api::{
        Api,
        body::JsonBody,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Path,
        json::Private,
    },
    domain::Role,
};

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    /// Why, in words for the node's operator.
    reason: String,
}

/// Refuses a node, or the change that it asked for; what was approved before stays in force.
#[utoipa::path(
    post,
    path = "/nodes/{node_id}/refuse",
    tag = "nodes",
    operation_id = "refuse_node",
    params(("node_id" = String, Path, description = "Id of the node")),
    request_body = Refusal,
    responses(
        (status = 200, description = "The node", body = NodeView),
        (status = 400, description = "No reason is given", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
        (status = 404, description = "There is no such node", body = ErrorResponse),
        (status = 409, description = "It does not stand where this is possible", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn refuse(
    State(api): State<Api>,
    caller: Authenticated,
    Path(node_id): Path<String>,
    body: Result<JsonBody<Refusal>>,
) -> Result<Private<NodeView>> {
    caller.require(&[Role::Operator])?;
    let JsonBody(request) = body?;
    let by = caller.0.id.as_str();
    Ok(Private(api.nodes.refuse(&node_id, &request.reason, by).await?.into()))
}
