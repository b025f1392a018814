//! Counts what a router answers.

use std::sync::Arc;

use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    middleware::{self, Next},
    response::Response,
};
use tokio::time::Instant;

use super::request::catch_panic;
use crate::telemetry::Metrics;

/// The router with each answer counted by route template, method and class of status.
pub fn metered(router: Router, metrics: Arc<Metrics>) -> Router {
    // Panics are caught below the count: they are answers with 500, and count as such.
    router.layer(catch_panic()).layer(middleware::from_fn_with_state(metrics, count))
}

async fn count(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let (began, method) = (Instant::now(), request.method().clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    metrics.http_request(route, method.as_str(), response.status().as_u16(), began.elapsed());
    response
}
