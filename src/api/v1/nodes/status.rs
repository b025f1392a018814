//! `POST /api/v1/nodes/{node_id}/status`: a node asks how it stands.

use axum::extract::State;

use super::{signed::Signed, view::StandingView};
use crate::api::{
    Api,
    error::{ErrorResponse, Result},
    extract::Path,
    json::Private,
};

/// Tells a node how it stands, and renews nothing. Signed as a heartbeat, with the purpose `status`.
#[utoipa::path(
    post,
    path = "/nodes/{node_id}/status",
    tag = "nodes",
    operation_id = "get_node_standing",
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
pub(super) async fn status(
    State(api): State<Api>,
    Path(node_id): Path<String>,
    Signed(text): Signed,
) -> Result<Private<StandingView>> {
    let node = api.nodes.status(&node_id, &text).await?;
    Ok(Private(StandingView::of(&node, &api.nodes)))
}
