//! `GET /api/v1/nodes`: the nodes that registered.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{query::ListQuery, view::NodeView};
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Query,
        json::Private,
    },
    domain::Role,
};

/// A page of nodes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeList {
    /// The nodes, in the order of their ids.
    nodes: Vec<NodeView>,
    /// Where the next page starts; empty at the end.
    next_page_token: String,
}

/// Lists the nodes that registered, whatever their standing.
#[utoipa::path(
    get,
    path = "/nodes",
    tag = "nodes",
    params(ListQuery),
    responses(
        (status = 200, description = "A page of nodes", body = NodeList),
        (status = 400, description = "A bad query", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller operates nothing", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn list_nodes(
    State(api): State<Api>,
    caller: Authenticated,
    Query(query): Query<ListQuery>,
) -> Result<Private<NodeList>> {
    caller.require(&[Role::Operator, Role::NodeOperator])?;
    let (size, standing, after) = (query.size(&api)?, query.standing()?, query.after()?);
    let page = api.nodes.nodes(standing, after.as_ref(), size).await?;
    Ok(Private(NodeList {
        nodes: page.nodes.into_iter().map(NodeView::from).collect(),
        next_page_token: page.next.map(|id| id.to_string()).unwrap_or_default(),
    }))
}
