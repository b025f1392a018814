//! `POST /api/v1/invitations`: an operator invites a node.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::InvitationView;
use crate::{
    api::{
        Api,
        body::JsonBody,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        json::Private,
        links::Links,
    },
    domain::Role,
    federation::nodes::{Error, NewInvitation},
    nodes::Bounds,
};

/// What an invitation says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationRequest {
    /// For whom it is, in words for people.
    label: String,
    /// The id that the node takes; any free one, unless set.
    #[serde(default)]
    service_id: Option<String>,
    /// The host of its URL; any, unless set.
    #[serde(default)]
    host: Option<String>,
    /// The country under whose law it stands, as two upper-case letters; any, unless set.
    #[serde(default)]
    jurisdiction: Option<String>,
    /// How long it can be used, in seconds.
    #[serde(default)]
    expires_in: Option<u64>,
}

/// An invitation with its secret, which is shown this once. The whole answer can be handed to the node's
/// operator as a file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationMade {
    #[serde(flatten)]
    invitation: InvitationView,
    /// What registers the node. Whoever has it can register one.
    secret: String,
    /// The gateway, as this caller reaches it.
    gateway: String,
    /// What the node writes in `aud`.
    audience: String,
}

/// Makes a one-time invitation. Its secret is shown in this answer and never again.
#[utoipa::path(
    post,
    path = "/invitations",
    tag = "nodes",
    operation_id = "create_invitation",
    request_body = InvitationRequest,
    responses(
        (status = 201, description = "The invitation, with its secret", body = InvitationMade),
        (status = 400, description = "A member is wrong", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
        (status = 409, description = "Too many invitations are open", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn invite(
    State(api): State<Api>,
    caller: Authenticated,
    links: Links,
    body: Result<JsonBody<InvitationRequest>>,
) -> Result<(StatusCode, Private<InvitationMade>)> {
    caller.require(&[Role::Operator])?;
    let JsonBody(request) = body?;
    let bad =
        |member: &str, why: &dyn std::fmt::Display| Error::BadRequest(format!("`{member}`: {why}"));
    let service_id = request.service_id.map(|id| id.parse()).transpose();
    let law = request.jurisdiction.map(|law| law.parse()).transpose();
    let host = request.host.map(|host| url::Host::parse(&host).map(|host| host.to_string()));
    let new = NewInvitation {
        label: request.label,
        bounds: Bounds {
            service_id: service_id.map_err(|error| bad("service_id", &error))?,
            host: host.transpose().map_err(|error| bad("host", &error))?,
            jurisdiction: law.map_err(|error| bad("jurisdiction", &error))?,
        },
        life: request.expires_in.map(Duration::from_secs),
    };
    let invited = api.nodes.invite(new, caller.0.id.as_str()).await?;
    let now = invited.invitation.created_at;
    Ok((
        StatusCode::CREATED,
        Private(InvitationMade {
            invitation: InvitationView::of(
                invited.invitation,
                now,
                api.nodes.config().max_attempts,
            ),
            secret: invited.secret.expose_secret().to_owned(),
            gateway: links.gateway(),
            audience: api.nodes.audience().to_owned(),
        }),
    ))
}
