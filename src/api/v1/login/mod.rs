//! Login of people with a browser, and who they are.

mod begin;
mod callback;
mod cookie;
mod get_session;
mod logout;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(begin::begin_login))
        .routes(routes!(callback::finish_login))
        .routes(routes!(get_session::get_session))
        .routes(routes!(logout::logout))
}
