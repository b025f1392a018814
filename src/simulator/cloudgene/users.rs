//! Logging in, profiles and API tokens.

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Answer, Server, Shared,
    access::{self, Access},
    answer,
    failure::Failure,
    header_text,
};

/// `POST /login`.
pub(super) async fn login(
    State(server): State<Shared>,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
) -> Response {
    let said = if server.generation == 2 {
        Ok(login_2(&server, &headers, &body))
    } else {
        login_3(&server, &headers, &body)
    };
    answer(&server, uri.path(), said)
}

fn login_3(server: &Server, headers: &HeaderMap, body: &[u8]) -> Answer {
    let refused = |message: &str| {
        let body = json!({"message": message, "_links": {}, "_embedded": {}, "logref": null, "path": null});
        (StatusCode::UNAUTHORIZED, Json(body)).into_response()
    };
    let username = field(headers, body, "username").unwrap_or_default();
    let password = field(headers, body, "password").unwrap_or_default();
    Ok(match check_login(server, &username, &password) {
        Err(message) => refused(message),
        Ok(()) => {
            let token = access::mint(server, &username, "ACCESS_TOKEN", DAY_S, 0);
            Json(json!({
                "access_token": token, "token_type": "Bearer", "expires_in": DAY_S,
                "username": username, "roles": ["User"],
            }))
            .into_response()
        }
    })
}

/// The older generation answers 200 whatever happens, and calls its JSON HTML.
fn login_2(server: &Server, headers: &HeaderMap, body: &[u8]) -> Response {
    let username = field(headers, body, "loginUsername").unwrap_or_default();
    let password = field(headers, body, "loginPassword").unwrap_or_default();
    let html = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html"))];
    match check_login(server, &username, &password) {
        Err(message) => {
            (html, json!({"success": false, "message": message}).to_string()).into_response()
        }
        Ok(()) => {
            let token = access::mint(server, &username, "ACCESS_TOKEN", DAY_S, 0);
            let said = json!({
                "success": true, "message": "Login successful.", "csrf": access::csrf(&token), "type": "plain",
            });
            let mut response = (html, said.to_string()).into_response();
            if let Ok(cookie) = HeaderValue::from_str(&format!("cloudgene-token={token}; Path=/")) {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
    }
}

fn check_login(server: &Server, username: &str, password: &str) -> Result<(), &'static str> {
    let knobs = server.knobs();
    let mut store = server.store(server.now());
    if store.failed_logins >= 5 {
        return Err("The user account is locked for 30 minutes. Too many failed logins.");
    }
    if username != knobs.username || password != knobs.login_password {
        store.failed_logins += 1;
        return Err("Login Failed! Wrong Username or Password.");
    }
    store.failed_logins = 0;
    Ok(())
}

const DAY_S: i64 = 24 * 3600;

/// `POST /api/v2/tokens/verify`. Anyone may ask, and the answer is always 200.
pub(super) async fn verify(
    State(server): State<Shared>,
    headers: HeaderMap,
    uri: Uri,
    body: Bytes,
) -> Response {
    let token = match field(&headers, &body, "token") {
        Some(token) => token,
        None if server.generation == 2 => String::new(),
        None => return server.refuse(Failure::Framework(StatusCode::BAD_REQUEST), uri.path()),
    };
    let verdict = access::token_access(&server, &server.knobs(), &token);
    let valid = matches!(verdict, Access::Known(_));
    let claimed = access::claims(&token).as_ref().and_then(access::expires_at);
    let expires_at = claimed.unwrap_or_else(|| server.now() + access::DEFAULT_DAYS * DAY_S * 1000);
    Json(if server.generation == 2 {
        verified_2(&server, &verdict, &token, expires_at)
    } else if let (true, Access::Known(caller)) = (valid, &verdict) {
        json!({
            "valid": true, "message": "API Token was created by %s and is valid.",
            "username": caller.user, "name": caller.user, "mail": format!("{}@example.org", caller.user),
            "expire": iso(expires_at),
        })
    } else {
        // The time is there, and means nothing.
        json!({
            "valid": false, "message": "Invalid API Token.", "username": null, "name": null, "mail": null,
            "expire": iso(server.now()),
        })
    })
    .into_response()
}

fn verified_2(server: &Server, verdict: &Access, token: &str, expires_at: i64) -> Value {
    let knobs = server.knobs();
    match verdict {
        Access::Known(caller) => json!({
            "valid": true, "message": "API Token is valid.", "username": caller.user, "name": caller.user,
            "mail": format!("{}@example.org", caller.user), "api": true, "expire": expires_at,
        }),
        Access::Revoked => json!({"valid": false, "message": "API Token was revoked."}),
        Access::Anonymous if token.is_empty() => {
            json!({"valid": false, "message": "No token provided."})
        }
        Access::Anonymous if token == knobs.token || access::claims(token).is_some() => {
            json!({"valid": false, "message": format!("API Token expired on {}.", iso(expires_at))})
        }
        Access::Anonymous => json!({"valid": false, "error": "API Token is malformed."}),
    }
}

/// `GET /api/v2/users/{any}/profile`. The name in the path is not read.
pub(super) async fn profile(
    State(server): State<Shared>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let refused =
        || Failure::new(StatusCode::UNAUTHORIZED, "The request requires user authentication.");
    let said = access::caller_or(&server, &headers, refused).map(|caller| {
        Json(json!({
            "id": 1, "username": caller.user, "fullName": caller.user, "lastLogin": server.now(),
            "lockedUntil": null, "active": true, "loginAttempts": 0, "role": "User",
            "mail": format!("{}@example.org", caller.user), "admin": false, "hasApiToken": true,
            "apiTokenMessage": "API Token was created and is valid.", "apiTokenValid": true,
        }))
        .into_response()
    });
    answer(&server, uri.path(), said)
}

/// How long a new token is good.
#[derive(Debug, Deserialize)]
pub(super) struct Expiration {
    /// In days; -1 is as long as an `int` of seconds lasts.
    expiration: Option<i64>,
}

/// `POST /api/v2/users/{any}/api-token`: makes a token, and kills the one before it.
pub(super) async fn create_token(
    State(server): State<Shared>,
    Query(query): Query<Expiration>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let said = access::logged_in(&server, &headers).map(|caller| {
        let lifetime = match query.expiration.unwrap_or(access::DEFAULT_DAYS) {
            -1 => i64::from(i32::MAX),
            days => days.saturating_mul(DAY_S),
        };
        let salt = server.store(server.now()).rng.u64(..);
        let token = access::mint(&server, &caller.user, "API_TOKEN", lifetime, salt);
        let mut store = server.store(server.now());
        store.minted.push(token.clone());
        store.revoked = false;
        let message = "Creation successfull.";
        Json(match server.generation {
            2 => json!({"success": true, "message": message, "token": token, "type": "plain"}),
            _ => json!({"token": token, "success": true, "message": message, "type": 0, "time": 0}),
        })
        .into_response()
    });
    answer(&server, uri.path(), said)
}

/// `DELETE /api/v2/users/{any}/api-token`.
pub(super) async fn revoke_token(
    State(server): State<Shared>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let said = access::logged_in(&server, &headers).map(|_| {
        server.store(server.now()).revoked = true;
        Json(json!({"success": true, "message": "Deletion successfull."})).into_response()
    });
    answer(&server, uri.path(), said)
}

/// A field of a small form, sent as a form or as JSON.
fn field(headers: &HeaderMap, body: &[u8], name: &str) -> Option<String> {
    if header_text(headers, "content-type").is_some_and(|kind| kind.starts_with("application/json"))
    {
        let body: Value = serde_json::from_slice(body).ok()?;
        return body.get(name)?.as_str().map(str::to_owned);
    }
    let mut fields = url::form_urlencoded::parse(body);
    fields.find(|(field, _)| field == name).map(|(_, value)| value.into_owned())
}

fn iso(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default().to_string()
}
