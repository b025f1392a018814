//! `POST /api/v1/nodes/{node_id}/heartbeat`: a node is alive.

use axum::extract::State;

use super::{signed::Signed, view::StandingView};
use crate::api::{
    Api,
    error::{ErrorResponse, Result},
    extract::Path,
    json::Private,
};

/// Renews the lease of an approved node, and tells it how it stands.
///
/// The body is a compact JWS with the thumbprint of the node's key as `kid`, of
/// `{aud, iat, exp, seq, purpose: "heartbeat", node, report}`. A node that expired comes back by itself,
/// unless a change waits for approval.
#[utoipa::path(
    post,
    path = "/nodes/{node_id}/heartbeat",
    tag = "nodes",
    operation_id = "send_heartbeat",
    params(("node_id" = String, Path, description = "Id of the node")),
    request_body(content = String, content_type = "application/jose"),
    responses(
        (status = 200, description = "How the node stands", body = StandingView),
        (status = 400, description = "The request is no signed one", body = ErrorResponse),
        (status = 401, description = "The signature is not believed", body = ErrorResponse),
        (status = 409, description = "The node was refused, or has left", body = ErrorResponse),
        (status = 503, description = "Too many at a time", body = ErrorResponse),
    ),
)]
pub(super) async fn heartbeat(
    State(api): State<Api>,
    Path(node_id): Path<String>,
    Signed(text): Signed,
) -> Result<Private<StandingView>> {
    let node = api.nodes.heartbeat(&node_id, &text).await?;
    Ok(Private(StandingView::of(&node, &api.nodes)))
}
