//! A change of our own API: in the audit trail before it is made, and made to its end.
//!
//! hyper drops a handler whose connection is gone, and a change that is dropped between two writes is half
//! done; so it is a task of its own.

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::{Instrument, error};

use super::{Api, error::ApiError, v1};
use crate::audit::{Act, Entry};

/// What a node sends all the time, and what changes nothing but its lease.
const SIGNS_OF_LIFE: [&str; 2] = ["/heartbeat", "/status"];

/// What is believed by a node's signature rather than by a caller's credential.
const SIGNED_BY_NODES: [&str; 2] = ["/nodes/register", "/withdraw"];

/// The longest path that is written down.
const MAX_PATH: usize = 500;

/// Lets a change pass. Submissions see to both themselves, since their bodies stream.
pub(super) async fn change(State(api): State<Api>, request: Request, next: Next) -> Response {
    let uri = request.uri();
    if request.method().is_safe() || !uri.path().starts_with(v1::BASE) {
        return next.run(request).await;
    }
    let path: String = uri.to_string().chars().take(MAX_PATH).collect();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("", MatchedPath::as_str).to_owned();
    let tracker = api.tracker.clone();
    let change = async move {
        if SIGNS_OF_LIFE.iter().any(|end| route.ends_with(end)) {
            return next.run(request).await;
        }
        audited(&api, request, next, Told { route, path }).await
    };
    match tracker.spawn(change.in_current_span()).await {
        Ok(response) => response,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// What is told of a request. Its body may hold secrets, and is not.
struct Told {
    route: String,
    path: String,
}

async fn audited(api: &Api, request: Request, next: Next, told: Told) -> Response {
    let shown = api.authenticator.authenticate_for(request.method(), request.headers());
    let caller = match shown.await {
        Ok(caller) => Some(caller),
        Err(_) if SIGNED_BY_NODES.iter().any(|end| told.route.ends_with(end)) => None,
        // Strangers change nothing, and must not fill the trail either.
        Err(error) => return ApiError::from(error).into_response(),
    };
    let method = request.method().clone();
    let entry = |act| {
        let entry = Entry::new(act)
            .with("method", method.as_str())
            .with("route", told.route.as_str())
            .with("path", told.path.as_str());
        caller.iter().fold(entry, |entry, caller| entry.by(caller))
    };
    if let Err(error) = api.audit.record(entry(Act::ChangeAsked)).await {
        return ApiError::from(error).into_response();
    }
    let response = next.run(request).await;
    let done = entry(Act::ChangeDone).with("status", response.status().as_u16());
    if let Err(error) = api.audit.record(done).await {
        // It is done, and the trail says that it was about to be.
        error!(
            error = &error as &dyn std::error::Error,
            "the outcome of {} {}: {error}", method, told.path
        );
    }
    response
}
