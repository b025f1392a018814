//! `POST /api/v1/nodes/register`: a node registers itself.

use axum::{extract::State, http::StatusCode};

use super::{signed::Signed, view::StandingView};
use crate::api::{
    Api,
    error::{ErrorResponse, Result},
    json::Private,
};

/// Registers a node, or asks for a change of what is written down about it.
///
/// The body is a compact JWS (RFC 7515) with the node's public key as `jwk`, signed with `EdDSA` or
/// `ES256`, of `{aud, iat, exp, seq, purpose: "register", node, service, invitation}`. An operator approves it. A
/// node that takes part needs no invitation: what it says anew waits for approval, and what was approved
/// stays in force until then. With a new key, `previous` is a statement of the old one.
#[utoipa::path(
    post,
    path = "/nodes/register",
    tag = "nodes",
    operation_id = "register_node",
    request_body(content = String, content_type = "application/jose"),
    responses(
        (status = 202, description = "It waits for an operator, or nothing is new", body = StandingView),
        (status = 400, description = "The request or the service document is wrong", body = ErrorResponse),
        (status = 401, description = "The signature is not believed", body = ErrorResponse),
        (status = 403, description = "The invitation is not valid, or for another node", body = ErrorResponse),
        (status = 409, description = "The id is taken", body = ErrorResponse),
        (status = 413, description = "The request is too long", body = ErrorResponse),
        (status = 503, description = "Too many at a time", body = ErrorResponse),
    ),
)]
pub(super) async fn register(
    State(api): State<Api>,
    Signed(text): Signed,
) -> Result<(StatusCode, Private<StandingView>)> {
    let node = api.nodes.register(&text).await?;
    Ok((StatusCode::ACCEPTED, Private(StandingView::of(&node, &api.nodes))))
}
