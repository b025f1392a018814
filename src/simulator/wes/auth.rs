//! The credential that the server asks for, and how each dialect says no.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::{Dialect, Server, WesKnobs, error::Problem};
use crate::simulator::behavior::drain;

/// Which credential is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// None.
    None,
    /// `Authorization: Bearer` with the token.
    Bearer,
    /// `Authorization: Basic` with user name and password.
    Basic,
}

/// Lets a request pass if it carries the credential.
pub(super) async fn authenticate(
    State(server): State<Server>,
    request: Request,
    next: Next,
) -> Response {
    let knobs = server.knobs();
    // Sapporo's service-info is public even when its login is on.
    let public =
        knobs.dialect == Dialect::Sapporo && request.uri().path().ends_with("/service-info");
    let shown = request.headers().get(header::AUTHORIZATION);
    match expected(&knobs) {
        Some(expected) if !public && shown.is_none_or(|shown| shown != expected.as_str()) => {
            drain(request).await;
            refuse(&knobs)
        }
        Some(_) | None => next.run(request).await,
    }
}

fn expected(knobs: &WesKnobs) -> Option<String> {
    match knobs.auth {
        Auth::None => None,
        Auth::Bearer => Some(format!("Bearer {}", knobs.token)),
        Auth::Basic => {
            let pair = STANDARD.encode(format!("{}:{}", knobs.username, knobs.password));
            Some(format!("Basic {pair}"))
        }
    }
}

fn refuse(knobs: &WesKnobs) -> Response {
    let problem = |status| Problem::new(status, "the credential is missing or not valid");
    match knobs.dialect {
        Dialect::Galaxy => knobs.dialect.error(&problem(StatusCode::FORBIDDEN)),
        Dialect::Sapporo => knobs.dialect.error(&problem(StatusCode::UNAUTHORIZED)),
        Dialect::Spec | Dialect::WesService | Dialect::Toil | Dialect::StarterKit => {
            let mut answer = knobs.dialect.error(&problem(StatusCode::UNAUTHORIZED));
            let scheme = if knobs.auth == Auth::Basic { "Basic" } else { "Bearer" };
            let challenge = HeaderValue::from_static(scheme);
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            answer
        }
    }
}
