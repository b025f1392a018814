//! `POST /api/v1/nodes/{node_id}/withdraw`: a node leaves.

use axum::extract::State;

use super::{signed::Signed, view::StandingView};
use crate::api::{
    Api,
    error::{ErrorResponse, Result},
    extract::Path,
    json::Private,
};

/// Lets a node leave. Its service gets no more runs, and is taken out when those that it has ended.
/// Signed as a heartbeat, with the purpose `withdraw`.
#[utoipa::path(
    post,
    path = "/nodes/{node_id}/withdraw",
    tag = "nodes",
    operation_id = "withdraw_node",
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
pub(super) async fn withdraw(
    State(api): State<Api>,
    Path(node_id): Path<String>,
    Signed(text): Signed,
) -> Result<Private<StandingView>> {
    let node = api.nodes.withdraw(&node_id, &text).await?;
    Ok(Private(StandingView::of(&node, &api.nodes)))
}
