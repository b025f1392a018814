//! Nodes that register themselves, and the operators who invite and approve them.

mod approve;
mod get_node;
mod heartbeat;
mod invite;
mod list_invitations;
mod list_nodes;
mod query;
mod refuse;
mod register;
mod remove;
mod resume;
mod revoke_invitation;
mod signed;
mod status;
mod suspend;
mod view;
mod withdraw;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_invitations::list_invitations, invite::invite))
        .routes(routes!(revoke_invitation::revoke_invitation))
        .routes(routes!(list_nodes::list_nodes))
        .routes(routes!(get_node::get_node, remove::remove))
        .routes(routes!(register::register))
        .routes(routes!(heartbeat::heartbeat))
        .routes(routes!(status::status))
        .routes(routes!(withdraw::withdraw))
        .routes(routes!(approve::approve))
        .routes(routes!(refuse::refuse))
        .routes(routes!(suspend::suspend))
        .routes(routes!(resume::resume))
}
