//! `GET /api/v1/login`: a browser is sent to where somebody logs in.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::cookie;
use crate::api::{
    Api,
    error::{ErrorResponse, Result},
    extract::Query,
    links::Links,
};

/// Where somebody logs in, and what follows.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LoginQuery {
    /// The issuer, as in `auth.issuers`; the first one where people log in, unless set.
    issuer: Option<String>,
    /// A path of the gateway to go to afterwards.
    return_to: Option<String>,
}

/// Begins a login with a browser: OpenID Connect's code flow with PKCE.
#[utoipa::path(
    get,
    path = "/login",
    tag = "login",
    params(LoginQuery),
    responses(
        (status = 303, description = "To the issuer"),
        (status = 404, description = "Nobody logs in here", body = ErrorResponse),
        (status = 503, description = "The issuer cannot be asked", body = ErrorResponse),
    ),
)]
pub(super) async fn begin_login(
    State(api): State<Api>,
    links: Links,
    Query(query): Query<LoginQuery>,
) -> Result<Response> {
    let back = format!("{}{}", links.gateway(), cookie::CALLBACK);
    let return_to = query.return_to.as_deref().unwrap_or("/");
    let begun = api.authenticator.begin_login(query.issuer.as_deref(), &back, return_to).await?;
    let location = HeaderValue::from_str(begun.location.as_str());
    let headers = [
        (header::LOCATION, location.unwrap_or(HeaderValue::from_static("/"))),
        (header::SET_COOKIE, cookie::pending(&links, &begun.sealed)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
