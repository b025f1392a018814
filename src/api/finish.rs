//! What changes something goes on to its end, though its caller leaves: hyper drops a handler whose
//! connection is gone, and a change that is dropped between two writes is half done.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use tracing::Instrument;

use super::{Api, v1};

/// Runs a change of our own API as a task of its own. Submissions see to that themselves, since their
/// bodies stream.
pub(super) async fn finish(State(api): State<Api>, request: Request, next: Next) -> Response {
    if request.method().is_safe() || !request.uri().path().starts_with(v1::BASE) {
        return next.run(request).await;
    }
    let change = next.run(request).in_current_span();
    match api.tracker.spawn(change).await {
        Ok(response) => response,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
