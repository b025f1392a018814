//! An answer on its way out: what we say ourselves, and the line in the log when it is over.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::Body as AnyBody;
use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use serde_json::json;
use tokio::time::Instant;
use tracing::{debug, info};

use super::{activity::InFlight, refusal::Refusal};
use crate::telemetry::RequestId;

/// Says why a request is refused, in the body that WES wants (`msg`, `status_code`) and our `reason`.
pub(super) fn refused(refusal: Refusal) -> Response<AnyBody> {
    let Refusal { status, reason, msg } = refusal;
    let body = json!({ "msg": msg, "status_code": status.as_u16(), "reason": reason }).to_string();
    let mut response = Response::new(AnyBody::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let served = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        headers.insert(header::ALLOW, served);
    }
    response
}

/// What the log says of a request. No query, no header and no body: they may hold secrets.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) id: RequestId,
    pub(super) method: Method,
    /// The route's template, or the path with its ids cut.
    pub(super) route: String,
    pub(super) status: StatusCode,
    pub(super) began: Instant,
    /// Operators' requests come every few seconds from machines, and are logged as `debug`.
    pub(super) quiet: bool,
}

/// A body that counts its bytes and writes the log line when it is done or dropped.
#[derive(Debug)]
pub(super) struct Answer {
    body: AnyBody,
    line: Line,
    bytes: u64,
    complete: bool,
    _in_flight: InFlight,
}

impl Answer {
    pub(super) fn new(body: AnyBody, line: Line, in_flight: InFlight) -> Self {
        Self { body, line, bytes: 0, complete: false, _in_flight: in_flight }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                self.bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
                self.complete = self.body.is_end_stream();
            }
            Some(Err(_)) => {}
            None => self.complete = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let Line { id, method, route, status, began, quiet } = &self.line;
        let (status, bytes) = (status.as_u16(), self.bytes);
        let duration_ms = millis(began.elapsed());
        let complete = self.complete || self.body.is_end_stream();
        if *quiet {
            debug!(
                request.id = %id, %method, %route, status, duration_ms, bytes, complete,
                "{method} {route} {status}"
            );
        } else {
            info!(
                request.id = %id, %method, %route, status, duration_ms, bytes, complete,
                "{method} {route} {status}"
            );
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use http_body_util::BodyExt;
    use tracing_subscriber::fmt;

    use super::{super::activity::Activity, *};

    /// A log in memory.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn answer(text: &'static str) -> Answer {
        let line = Line {
            id: RequestId::of(Some(&HeaderValue::from_static("r-1"))),
            method: Method::GET,
            route: "/runs/{run_id}".to_owned(),
            status: StatusCode::OK,
            began: Instant::now(),
            quiet: false,
        };
        Answer::new(AnyBody::from(text), line, Activity::new().request())
    }

    #[tokio::test]
    async fn a_request_is_logged_once_when_its_answer_is_over() {
        let log = Log::default();
        let writer = log.clone();
        let lines = fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
        let _guard = tracing::subscriber::set_default(lines);

        answer("hello").collect().await.unwrap();
        drop(answer("never sent"));

        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert_eq!(lines[0]["message"], "GET /runs/{run_id} 200");
        assert_eq!(lines[0]["request.id"], "r-1");
        assert_eq!((&lines[0]["bytes"], &lines[0]["complete"]), (&5.into(), &true.into()));
        assert_eq!((&lines[1]["bytes"], &lines[1]["complete"]), (&0.into(), &false.into()));
    }
}
