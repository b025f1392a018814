//! Who calls, by the header `X-Auth-Token`; `Authorization` is not read.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::{
    Server,
    failure::Failure,
    header_text,
    knobs::{CloudgeneKnobs, TokenState},
};

/// Someone who may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    /// Name of the user.
    pub(super) user: String,
    /// Whether they logged in, instead of showing an API token.
    pub(super) is_logged_in: bool,
}

/// What a request shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Access {
    /// Nothing, or nothing of worth.
    Anonymous,
    /// A well-signed token that was revoked or replaced.
    Revoked,
    /// A good token.
    Known(Caller),
}

/// Days that a token is good for, unless asked otherwise.
pub(super) const DEFAULT_DAYS: i64 = 30;

/// Name of the user behind the second token.
pub(super) const OTHER_USER: &str = "someone-else";

/// What a request shows.
pub(super) fn access(server: &Server, headers: &HeaderMap) -> Access {
    let knobs = server.knobs();
    if let Some(caller) = session(server, &knobs, headers) {
        return Access::Known(caller);
    }
    match header_text(headers, "x-auth-token") {
        None if knobs.require_token => Access::Anonymous,
        None => Access::Known(Caller { user: knobs.username, is_logged_in: false }),
        Some(token) => token_access(server, &knobs, token),
    }
}

/// What an API token is worth.
pub(super) fn token_access(server: &Server, knobs: &CloudgeneKnobs, token: &str) -> Access {
    let known = |user: &str| Access::Known(Caller { user: user.to_owned(), is_logged_in: false });
    let now = server.now();
    let store = server.store(now);
    if token == knobs.token {
        return match knobs.token_state {
            TokenState::Expired => Access::Anonymous,
            TokenState::Revoked => Access::Revoked,
            // There is one token per user: a new one kills the old.
            TokenState::Valid if store.revoked || !store.minted.is_empty() => Access::Revoked,
            TokenState::Valid => known(&knobs.username),
        };
    }
    if token == knobs.other_token {
        return known(OTHER_USER);
    }
    match claims(token) {
        Some(claims) if store.minted.iter().any(|minted| minted == token) => {
            if expires_at(&claims).is_some_and(|at| at <= now) {
                Access::Anonymous
            } else if store.revoked || store.minted.last().is_some_and(|last| last != token) {
                Access::Revoked
            } else {
                known(&knobs.username)
            }
        }
        _ => Access::Anonymous,
    }
}

/// The caller, as Cloudgene 3 demands one everywhere; the older generation refuses with its own words.
pub(super) fn caller(server: &Server, headers: &HeaderMap) -> Result<Caller, Failure> {
    match access(server, headers) {
        Access::Known(caller) => Ok(caller),
        Access::Revoked => Err(Failure::Framework(StatusCode::FORBIDDEN)),
        Access::Anonymous => Err(Failure::Framework(StatusCode::UNAUTHORIZED)),
    }
}

/// The caller, or what the older generation says at this endpoint when there is none.
pub(super) fn caller_or(
    server: &Server,
    headers: &HeaderMap,
    older: impl FnOnce() -> Failure,
) -> Result<Caller, Failure> {
    caller(server, headers).map_err(|failure| match server.generation {
        2 => older(),
        _ => failure,
    })
}

/// The caller of something that no API token may do.
pub(super) fn logged_in(server: &Server, headers: &HeaderMap) -> Result<Caller, Failure> {
    let refused =
        || Failure::new(StatusCode::UNAUTHORIZED, "The request requires user authentication.");
    let caller = caller_or(server, headers, refused)?;
    if caller.is_logged_in { Ok(caller) } else { Err(Failure::Framework(StatusCode::FORBIDDEN)) }
}

/// A web session: the login token in the header, or in the older generation a cookie with a header
/// against forgery.
fn session(server: &Server, knobs: &CloudgeneKnobs, headers: &HeaderMap) -> Option<Caller> {
    let token = if server.generation == 2 {
        let cookies = header_text(headers, "cookie")?;
        let token =
            cookies.split(';').find_map(|pair| pair.trim().strip_prefix("cloudgene-token="))?;
        (header_text(headers, "x-csrf-token")? == csrf(token)).then_some(token)?
    } else {
        header_text(headers, "x-auth-token")?
    };
    let claims = claims(token).filter(|_| is_signed(server, token))?;
    let is_login = claims.get("token_type").and_then(Value::as_str) == Some("ACCESS_TOKEN");
    let is_fresh = expires_at(&claims).is_some_and(|at| at > server.now());
    (is_login && is_fresh).then(|| Caller { user: knobs.username.clone(), is_logged_in: true })
}

/// The token against forgery that belongs to a session of the older generation.
pub(super) fn csrf(token: &str) -> String {
    token.chars().rev().take(20).collect()
}

/// Signs a token with claims of its kind. `lifetime_s` is in seconds.
pub(super) fn mint(server: &Server, user: &str, kind: &str, lifetime_s: i64, salt: u64) -> String {
    let now = server.now();
    let seconds = now / 1000;
    let mut claims = json!({
        "sub": user, "iss": "cloudgene", "iat": seconds, "nbf": seconds, "exp": seconds + lifetime_s,
        "roles": ["User"], "token_type": kind, "api_hash": format!("{salt:030x}"),
        "username": user, "name": user, "mail": format!("{user}@example.org"), "api": kind == "API_TOKEN",
    });
    if server.generation == 2 {
        claims = json!({
            "username": user, "name": user, "mail": format!("{user}@example.org"),
            "api": kind == "API_TOKEN", "api_hash": format!("{salt:030x}"), "token_type": kind,
            "expire": now + lifetime_s * 1000,
        });
    }
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
    let body = URL_SAFE_NO_PAD.encode(claims.to_string());
    let signature = URL_SAFE_NO_PAD.encode(sign(server, &format!("{head}.{body}")));
    format!("{head}.{body}.{signature}")
}

/// Signs text with the server's secret.
pub(super) fn sign(server: &Server, text: &str) -> impl AsRef<[u8]> + use<> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &server.secret);
    ring::hmac::sign(&key, text.as_bytes())
}

/// The claims of a token, whoever signed it.
pub(super) fn claims(token: &str) -> Option<Value> {
    let body = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
}

/// When a token expires, in milliseconds: the generations differ in name and unit.
pub(super) fn expires_at(claims: &Value) -> Option<i64> {
    let seconds =
        claims.get("exp").and_then(Value::as_i64).map(|seconds| seconds.saturating_mul(1000));
    seconds.or_else(|| claims.get("expire")?.as_i64())
}

fn is_signed(server: &Server, token: &str) -> bool {
    token
        .rsplit_once('.')
        .is_some_and(|(text, signature)| URL_SAFE_NO_PAD.encode(sign(server, text)) == signature)
}
