//! Who may call: the token endpoint, the check of tokens, and who the caller is.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json,
    extract::{Form, Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{DnastackKnobs, Problem, Server};
use crate::{
    domain::{Clock, SystemClock},
    simulator::behavior::drain,
};

/// The tokens that were given out, and until when each is good.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens(Arc<Mutex<HashMap<String, Timestamp>>>);

impl Tokens {
    fn give(&self, life: Duration) -> String {
        let token = format!("simulated-{}", Uuid::new_v4().simple());
        let until = SystemClock.now().saturating_add(life).unwrap_or(Timestamp::MAX);
        self.0.lock().expect("no holder panics").insert(token.clone(), until);
        token
    }

    fn admits(&self, token: &str) -> bool {
        let tokens = self.0.lock().expect("no holder panics");
        tokens.get(token).is_some_and(|until| SystemClock.now() < *until)
    }

    fn void(&self) {
        self.0.lock().expect("no holder panics").clear();
    }
}

/// `POST /oauth/token`: client credentials, sent in the form. `resource` may hold several values joined
/// with commas, `scope` several joined with spaces, even twice the same.
pub(super) async fn give_token(
    State(server): State<Server>,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let knobs = server.knobs();
    match check(&knobs, &form) {
        Ok(()) => {
            let token = server.tokens.give(Duration::from_secs(knobs.token_life_s));
            let mut answer = json!({
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": knobs.token_life_s,
            });
            if let Some(scope) = form.get("scope") {
                answer["scope"] = Value::from(scope.as_str());
            }
            Json(answer).into_response()
        }
        Err((status, error, description)) => {
            let body = json!({ "error": error, "error_description": description });
            (status, Json(body)).into_response()
        }
    }
}

fn check(
    knobs: &DnastackKnobs,
    form: &HashMap<String, String>,
) -> Result<(), (StatusCode, &'static str, &'static str)> {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if field("grant_type") != "client_credentials" {
        let description = "only client_credentials is supported";
        return Err((StatusCode::BAD_REQUEST, "unsupported_grant_type", description));
    }
    if field("client_id") != knobs.client_id || field("client_secret") != knobs.client_secret {
        let description = "the client is unknown or its secret is wrong";
        return Err((StatusCode::UNAUTHORIZED, "invalid_client", description));
    }
    let resources: Vec<_> = field("resource").split(',').filter(|one| !one.is_empty()).collect();
    if knobs.require_resource && resources.is_empty() {
        return Err((StatusCode::BAD_REQUEST, "invalid_target", "no resource is named"));
    }
    if resources.iter().any(|resource| url::Url::parse(resource).is_err()) {
        return Err((StatusCode::BAD_REQUEST, "invalid_target", "a resource is no URL"));
    }
    Ok(())
}

/// Lets a request pass if it carries a token and names the account's namespace.
pub(super) async fn authorize(
    State(server): State<Server>,
    request: Request,
    next: Next,
) -> Response {
    let refused = {
        let mut knobs = server.knobs.lock().expect("no holder panics");
        std::mem::take(&mut knobs.refuse_once)
    };
    if refused {
        server.tokens.void();
    }
    let knobs = server.knobs();
    let token = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let admitted = !knobs.require_token || token.is_some_and(|token| server.tokens.admits(token));
    if refused || !admitted {
        drain(request).await;
        let message = "the token is missing, expired or void";
        return Problem(StatusCode::UNAUTHORIZED, message.to_owned()).into_response();
    }
    let path = request.uri().path();
    let in_namespace = path.split('/').any(|segment| segment == knobs.namespace);
    if !in_namespace && !path.ends_with("/users/me") {
        drain(request).await;
        let message = "this namespace is not yours";
        return Problem(StatusCode::FORBIDDEN, message.to_owned()).into_response();
    }
    next.run(request).await
}

/// `GET users/me`.
pub(super) async fn me(State(server): State<Server>) -> Json<Value> {
    Json(json!({
        "email": "gateway@example.org",
        "full_name": null,
        "default_namespace": server.knobs().namespace,
    }))
}
