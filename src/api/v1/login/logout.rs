//! `POST /api/v1/logout`: a session ends.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use secrecy::ExposeSecret;

use super::cookie;
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        links::Links,
    },
    domain::Role,
};

/// Ends the caller's session with this browser, at once. Other credentials are not touched.
#[utoipa::path(
    post,
    path = "/logout",
    tag = "login",
    responses(
        (status = 204, description = "It has ended"),
        (status = 401, description = "There is none", body = ErrorResponse),
        (status = 403, description = "The header X-CSRF-Token is missing", body = ErrorResponse),
    ),
)]
pub(super) async fn logout(
    State(api): State<Api>,
    caller: Authenticated,
    links: Links,
    headers: HeaderMap,
) -> Result<Response> {
    caller.require(&Role::ALL)?;
    if let Some(session) = api.authenticator.session_shown(&headers) {
        api.authenticator.end_login(session.expose_secret()).await?;
    }
    let ended = cookie::session(&links, "", Duration::ZERO);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, ended)]).into_response())
}
