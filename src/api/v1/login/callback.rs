//! `GET /api/v1/login/callback`: somebody comes back from where they logged in.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use secrecy::ExposeSecret;

use super::cookie;
use crate::{
    api::{
        Api,
        error::{ErrorResponse, Result},
        extract::Query,
        links::Links,
    },
    auth::LoginAnswer,
};

/// Ends a login, and begins a session.
#[utoipa::path(
    get,
    path = "/login/callback",
    tag = "login",
    params(
        ("code" = Option<String>, Query, description = "What is swapped for an ID token"),
        ("state" = Option<String>, Query, description = "What was sent along"),
        ("iss" = Option<String>, Query, description = "Who answers"),
        ("error" = Option<String>, Query, description = "Why nobody logged in"),
    ),
    responses(
        (status = 303, description = "To where the login was begun, with the cookie of a session"),
        (status = 400, description = "The login was not begun by this browser", body = ErrorResponse),
        (status = 403, description = "The issuer let nobody in", body = ErrorResponse),
        (status = 502, description = "The issuer's answer is not believed", body = ErrorResponse),
        (status = 503, description = "The issuer cannot be asked", body = ErrorResponse),
    ),
)]
pub(super) async fn finish_login(
    State(api): State<Api>,
    links: Links,
    headers: HeaderMap,
    Query(answer): Query<LoginAnswer>,
) -> Result<Response> {
    let back = format!("{}{}", links.gateway(), cookie::CALLBACK);
    let sealed = cookie::kept(&headers);
    let done = api.authenticator.finish_login(sealed, &answer, &back).await?;
    let session = cookie::session(&links, done.session.expose_secret(), done.life);
    let location = HeaderValue::from_str(&done.return_to);
    let headers = AppendHeaders([
        (header::LOCATION, location.unwrap_or(HeaderValue::from_static("/"))),
        (header::SET_COOKIE, session),
        (header::SET_COOKIE, cookie::no_pending(&links)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ]);
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
