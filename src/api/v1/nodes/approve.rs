//! `POST /api/v1/nodes/{node_id}/approve`: an operator lets a node take part.

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
    federation::{
        CredentialDocument,
        nodes::{Approval, Error},
    },
};

/// What is approved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApprovalRequest {
    /// The `revision` of the node that was looked at.
    revision: i64,
    /// What the gateway shows to its service from now on. Unset, what there is stays, unless the service
    /// moved to another host: then there is none.
    #[serde(default)]
    credential: Option<CredentialDocument>,
}

/// Approves a node, or the change that it asked for. Its service gets runs at once.
#[utoipa::path(
    post,
    path = "/nodes/{node_id}/approve",
    tag = "nodes",
    operation_id = "approve_node",
    params(("node_id" = String, Path, description = "Id of the node")),
    request_body = ApprovalRequest,
    responses(
        (status = 200, description = "The node", body = NodeView),
        (status = 400, description = "The service cannot be put in force", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
        (status = 404, description = "There is no such node", body = ErrorResponse),
        (status = 409, description = "Nothing waits, or something else does", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn approve(
    State(api): State<Api>,
    caller: Authenticated,
    Path(node_id): Path<String>,
    body: Result<JsonBody<ApprovalRequest>>,
) -> Result<Private<NodeView>> {
    caller.require(&[Role::Operator])?;
    let JsonBody(request) = body?;
    let credential = request.credential.map(|document| document.to_credential());
    let credential = credential.transpose().map_err(Error::from)?;
    let approval = Approval { revision: request.revision, credential };
    Ok(Private(api.nodes.approve(&node_id, approval, caller.0.id.as_str()).await?.into()))
}
