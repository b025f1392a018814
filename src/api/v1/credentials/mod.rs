//! The credentials that callers enter for services.

mod list_credentials;
mod put_credential;
mod remove_credential;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{api::Api, domain::Role};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_credentials::list_credentials))
        .routes(routes!(put_credential::put_credential, remove_credential::remove_credential))
}

/// Those who submit runs, and so need credentials.
const CALLERS: &[Role] = &[Role::Researcher];
