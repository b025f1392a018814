//! Policies: what is in force, what it would say, and how another set comes into force.

mod evaluate_policy;
mod get_policy;
mod reload_policy;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{api::Api, domain::Role};

/// Who writes and reads policies.
const KEEPERS: &[Role] = &[Role::DataSteward, Role::Operator];

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(get_policy::get_policy))
        .routes(routes!(evaluate_policy::evaluate_policy))
        .routes(routes!(reload_policy::reload_policy))
}
