//! One request: an id, the checks that need no route, the router, an answer.

use std::{any::Any, convert::Infallible, fmt, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request as AnyRequest},
    middleware::{self, Next},
};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::body::{Body as _, Incoming};
use tokio::time::Instant;
use tower::Service as _;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{Instrument, error, info_span};

use super::{
    Config,
    activity::Activity,
    answer::{Answer, Line, refused},
    refusal::{Refusal, refusal},
    upload::Upload,
};
use crate::telemetry::{PeerAddress, RequestId};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers the requests of one face.
pub(super) struct Requests {
    pub(super) config: Config,
    router: Router,
    quiet: bool,
}

impl Requests {
    pub(super) fn public(config: Config, router: Router) -> Self {
        Self { config, router: prepared(router), quiet: false }
    }

    pub(super) fn ops(config: Config, router: Router) -> Self {
        Self { config, router: prepared(router), quiet: true }
    }

    /// Answers one request. Cannot fail: what goes wrong is an answer too.
    pub(super) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: PeerAddress,
        activity: Arc<Activity>,
    ) -> Result<Response<Answer>, Infallible> {
        let (began, in_flight) = (Instant::now(), activity.request());
        let id = RequestId::of(request.headers().get(REQUEST_ID));
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        // RFC 9112, section 6.1: a request with both a length and chunks may be an attempt to smuggle
        // another one. hyper hides the length by then, so no chunked request shares its connection.
        let http1 = request.version() < Version::HTTP_2;
        let chunked = request.headers().contains_key(header::TRANSFER_ENCODING);

        let span = info_span!("request", request.id = %id);
        let mut response = self.route(request, &id, peer, &activity).instrument(span).await;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            activity.upgraded();
        } else if http1 && (chunked || activity.has_unread()) {
            close(&mut response);
        }
        if is_endless(&response) {
            activity.answers_without_end();
        }
        if let Ok(value) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        let route = response
            .extensions_mut()
            .remove::<MatchedPath>()
            .map_or_else(|| without_ids(&path), |route| route.as_str().to_owned());
        let status = response.status();
        let line = Line { id, method, route, status, began, quiet: self.quiet };
        Ok(response.map(|body| Answer::new(body, line, in_flight)))
    }

    async fn route(
        &self,
        request: Request<Incoming>,
        id: &RequestId,
        peer: PeerAddress,
        activity: &Arc<Activity>,
    ) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        let has_body = !body.is_end_stream();
        if let Some(refusal) = refusal(&parts, &self.config) {
            if has_body {
                activity.leaves_unread();
            }
            return refused(refusal);
        }
        parts.extensions.insert(id.clone());
        parts.extensions.insert(peer);
        let Config { max_body_bytes, body_stall_timeout, .. } = self.config;
        let (body, fault) = if has_body {
            let (upload, fault) =
                Upload::new(body, max_body_bytes, body_stall_timeout, Arc::clone(activity));
            (Body::new(upload), Some(fault))
        } else {
            (Body::empty(), None)
        };
        let answered = self.router.clone().call(Request::from_parts(parts, body)).await;
        let response = answered.unwrap_or_else(|never| match never {});
        // The handler knew only that the body broke off; we know why.
        match fault.and_then(|fault| fault.refusal()) {
            Some(refusal) => {
                let route = response.extensions().get::<MatchedPath>().cloned();
                let mut refused = refused(refusal);
                route.map(|route| refused.extensions_mut().insert(route));
                refused
            }
            None => response,
        }
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Catches panics, and lets the answer say which route it took.
fn prepared(router: Router) -> Router {
    router.layer(catch_panic()).layer(middleware::from_fn(tell_route))
}

type Panicked = fn(Box<dyn Any + Send>) -> Response<Body>;

/// Makes a panic an answer, so that the connection and its other requests live.
pub(super) fn catch_panic() -> CatchPanicLayer<Panicked> {
    CatchPanicLayer::custom(panicked)
}

async fn tell_route(request: AnyRequest, next: Next) -> Response<Body> {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

fn panicked(panic: Box<dyn Any + Send>) -> Response<Body> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    error!(panic = text, "a handler panicked");
    refused(Refusal::INTERNAL)
}

/// The rest of the request body will not be read, so the connection ends with this answer.
fn close(response: &mut Response<Body>) {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
}

/// A stream of events goes on until somebody ends it.
fn is_endless(response: &Response<Body>) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// A path for the log where no route matched: a segment with a digit, or a long one, may be an id.
fn without_ids(path: &str) -> String {
    let cut = |segment: &str| {
        let plain = segment.len() <= 24
            && !segment.bytes().any(|byte| byte.is_ascii_digit())
            && segment.bytes().all(|byte| byte.is_ascii_graphic());
        if plain { segment.to_owned() } else { "*".to_owned() }
    };
    path.split('/').take(8).map(cut).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_knows_no_ids() {
        for (path, logged) in [
            ("/", "/"),
            ("/wp-admin/setup", "/wp-admin/setup"),
            ("/runs/0199-a/x", "/runs/*/x"),
            ("/a/verylongsegmentthatmaybeasecret/b", "/a/*/b"),
            ("/1/2/3/4/5/6/7/8/9", "/*/*/*/*/*/*/*"),
        ] {
            assert_eq!(without_ids(path), logged, "{path}");
        }
    }
}
