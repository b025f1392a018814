//! What operators and orchestrators ask: alive, ready, counted. Served on a listener of its own.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};

use super::Api;

/// The routes of the operators' listener.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(api)
}

/// Ready once runs can be remembered. Services that are down do not make the gateway unready:
/// it still answers what it knows.
async fn readyz(State(api): State<Api>) -> (StatusCode, &'static str) {
    match api.gateway.check().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the ledger cannot be read\n"),
    }
}

async fn metrics(State(api): State<Api>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], api.metrics.render())
}
