//! The services of the federation, beyond what the GA4GH registry tells.

mod compare;
mod list_panels;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(compare::compare))
        .routes(routes!(list_panels::list_service_panels))
}
