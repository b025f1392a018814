//! The two cookies of a login. Scripts read neither, and other sites' pages send neither along with what
//! they post.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};

use crate::{
    api::links::Links,
    auth::{self, SECURE_SESSION_COOKIE, SESSION_COOKIE},
};

/// Where somebody comes back to, below the gateway's address. The cookie of a login goes nowhere else.
pub(super) const CALLBACK: &str = "/api/v1/login/callback";

const PENDING: &str = "ga4gh_login";

/// What keeps a login under way, for as long as it may take.
pub(super) fn pending(links: &Links, sealed: &str) -> HeaderValue {
    value(links, PENDING, sealed, CALLBACK, Duration::from_secs(600))
}

/// What a login that ended leaves.
pub(super) fn no_pending(links: &Links) -> HeaderValue {
    value(links, PENDING, "", CALLBACK, Duration::ZERO)
}

/// What keeps a session; an empty one ends it.
pub(super) fn session(links: &Links, secret: &str, life: Duration) -> HeaderValue {
    let name = if is_secure(links) { SECURE_SESSION_COOKIE } else { SESSION_COOKIE };
    value(links, name, secret, "/", life)
}

/// What the browser kept of a login under way.
pub(super) fn kept(headers: &HeaderMap) -> &str {
    auth::cookie(headers, PENDING).unwrap_or_default()
}

fn is_secure(links: &Links) -> bool {
    links.gateway().starts_with("https:")
}

fn value(links: &Links, name: &str, value: &str, path: &str, life: Duration) -> HeaderValue {
    let secure = if is_secure(links) { "; Secure" } else { "" };
    let life = life.as_secs();
    let text =
        format!("{name}={value}; Path={path}; Max-Age={life}; HttpOnly; SameSite=Lax{secure}");
    let mut value = HeaderValue::from_str(&text).expect("names and base64 are visible ASCII");
    value.set_sensitive(true);
    value
}
