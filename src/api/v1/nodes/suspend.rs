//! `POST /api/v1/nodes/{node_id}/suspend`: an operator suspends a node.

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
pub(crate) struct Suspension {
    /// Why, in words for the node's operator.
    reason: String,
}

/// Lets a node get no more runs until it is resumed. Runs that it has are followed to their end.
#[utoipa::path(
    post,
    path = "/nodes/{node_id}/suspend",
    tag = "nodes",
    operation_id = "suspend_node",
    params(("node_id" = String, Path, description = "Id of the node")),
    request_body = Suspension,
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
pub(super) async fn suspend(
    State(api): State<Api>,
    caller: Authenticated,
    Path(node_id): Path<String>,
    body: Result<JsonBody<Suspension>>,
) -> Result<Private<NodeView>> {
    caller.require(&[Role::Operator])?;
    let JsonBody(request) = body?;
    let by = caller.0.id.as_str();
    Ok(Private(api.nodes.suspend(&node_id, &request.reason, by).await?.into()))
}
