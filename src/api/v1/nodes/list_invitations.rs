//! `GET /api/v1/invitations`: who was invited.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::InvitationView;
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Query,
        json::Private,
        page::PageQuery,
    },
    domain::Role,
};

/// A page of invitations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationList {
    /// The invitations, newest first, without their secrets.
    invitations: Vec<InvitationView>,
    /// Where the next page starts; empty at the end.
    next_page_token: String,
}

/// Lists invitations, newest first. Secrets are never shown again.
#[utoipa::path(
    get,
    path = "/invitations",
    tag = "nodes",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of invitations", body = InvitationList),
        (status = 400, description = "A bad page_size or page_token", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn list_invitations(
    State(api): State<Api>,
    caller: Authenticated,
    Query(query): Query<PageQuery>,
) -> Result<Private<InvitationList>> {
    caller.require(&[Role::Operator])?;
    let size = query.size(&api.config)?;
    let now = api.nodes.now();
    let after = query.after::<Uuid>()?.and(query.token());
    let mut invitations = api.nodes.invitations(after, size.saturating_add(1)).await?;
    let more = invitations.len() > size as usize;
    invitations.truncate(size as usize);
    let next = invitations.last().filter(|_| more).map(|last| last.id.clone());
    let most = api.nodes.config().max_attempts;
    Ok(Private(InvitationList {
        invitations: invitations
            .into_iter()
            .map(|invitation| InvitationView::of(invitation, now, most))
            .collect(),
        next_page_token: next.unwrap_or_default(),
    }))
}
