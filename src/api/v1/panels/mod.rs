//! Reference panels: which there are, who holds them, and under which terms.

mod answer;
mod get_panel;
mod list_panels;
mod put_terms;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

pub(super) use self::answer::Holding;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_panels::list_panels))
        .routes(routes!(get_panel::get_panel, put_terms::put_terms))
}
