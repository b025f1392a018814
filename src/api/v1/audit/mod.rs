//! The audit trail, for those who must prove where data went.

mod export_audit;
mod get_audit_head;
mod list_audit;
mod query;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_audit::list_audit))
        .routes(routes!(export_audit::export_audit))
        .routes(routes!(get_audit_head::get_audit_head))
}
