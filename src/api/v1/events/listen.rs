//! `GET /api/v1/events`: events as they happen, as server-sent events (WHATWG HTML, section 9.2).

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures_util::{Stream, stream};

use super::{
    EventMessage,
    listener::{Heard, Listener},
    query::EventQuery,
};
use crate::api::{
    Api,
    error::{ErrorResponse, Result},
    extract::Query,
};

/// After a broken connection, clients come back after this many milliseconds; not all at once.
const RETRY_MS: std::ops::Range<u32> = 2000..5000;

/// Tells what happens, as it happens: states of the caller's runs and of services; for operators, nodes
/// and alerts too. A client that comes back with `Last-Event-ID` gets what it missed, or a `resync`.
#[utoipa::path(
    get,
    path = "/events",
    tag = "events",
    operation_id = "listen_to_events",
    params(
        EventQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "Begin after this event"),
    ),
    responses(
        (
            status = 200,
            description = "A stream that does not end; each `data` is one message",
            body = EventMessage,
            content_type = "text/event-stream",
        ),
        (status = 400, description = "Bad filter", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 429, description = "The caller listens too often", body = ErrorResponse),
        (status = 503, description = "Too many listen", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(in crate::api::v1) async fn listen(
    State(api): State<Api>,
    headers: HeaderMap,
    Query(query): Query<EventQuery>,
) -> Result<Response> {
    let listener = Listener::open(&api, &headers, &query).await?;
    let mut response = Body::from_stream(frames(listener)).into_response();
    let headers = response.headers_mut();
    let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, "text/event-stream");
    set(header::CACHE_CONTROL, "no-store");
    // Proxies such as nginx would hold events back until a buffer is full.
    set(header::HeaderName::from_static("x-accel-buffering"), "no");
    Ok(response)
}

/// The stream, until the credential or the gateway ends.
fn frames(mut listener: Listener) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let retry = fastrand::u32(RETRY_MS);
    let id = listener.moved().map(|id| format!("id: {id}\n")).unwrap_or_default();
    // The id stands without data: clients keep it and show nothing, so that one who breaks off before
    // the first event misses none either.
    let hello = Ok(Bytes::from(format!("retry: {retry}\n{id}\n")));
    let rest = stream::unfold(Some(listener), async |listener| {
        let mut listener = listener?;
        let frame = match next(&mut listener).await {
            Some(Heard::Event(event)) => event.frame(),
            Some(Heard::Resync(text)) => text.frame(),
            Some(Heard::Expired(error)) => {
                return Some((Ok(listener.farewell(error).frame()), None));
            }
            Some(Heard::Closed) => return None,
            None => heartbeat(&mut listener),
        };
        Some((Ok(frame), Some(listener)))
    });
    stream::StreamExt::chain(stream::iter([hello]), rest)
}

/// What comes next; `None` means that nothing came for the time of a heartbeat.
async fn next(listener: &mut Listener) -> Option<Heard> {
    let heartbeat = listener.events.config().heartbeat;
    match tokio::time::timeout(heartbeat, listener.next()).await {
        Ok(heard) => Some(heard),
        Err(_) => listener.try_next(),
    }
}

/// A comment that clients pass over, and how far they have come if events for others passed by.
fn heartbeat(listener: &mut Listener) -> Bytes {
    match listener.moved() {
        Some(id) => Bytes::from(format!(": heartbeat\nid: {id}\n\n")),
        None => Bytes::from_static(b": heartbeat\n\n"),
    }
}
