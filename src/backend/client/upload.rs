//! Watches a request body on its way out: whether it moves, whether it broke off, when it was done.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::time::Instant;

use super::{Body, BoxError};

/// How far an upload has come.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    stall: Duration,
    wait: Duration,
    /// Guards a few words that the body writes and the waiting side reads.
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    last_move: Instant,
    done: bool,
    broke_off: Option<io::Error>,
}

impl Progress {
    pub(super) fn new(stall: Duration, wait: Duration) -> Self {
        let shared = Shared { last_move: Instant::now(), done: false, broke_off: None };
        Self { stall, wait, shared: Arc::new(Mutex::new(shared)) }
    }

    /// Returns once nothing has moved for too long: the stall bound while the body goes out, the wait
    /// bound after it.
    pub(super) async fn expired(&self) -> Duration {
        loop {
            let (deadline, bound) = {
                let shared = self.lock();
                let bound = if shared.done { self.wait } else { self.stall.max(self.wait) };
                (shared.last_move + bound, bound)
            };
            if Instant::now() >= deadline {
                return bound;
            }
            tokio::time::sleep_until(deadline).await;
        }
    }

    /// The error with which our own side broke the body off, if it did.
    pub(super) fn broke_off(&self) -> Option<io::Error> {
        self.lock().broke_off.take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().expect("no holder panics")
    }
}

/// Lets `progress` watch the body.
pub(super) fn watched(body: Body, progress: Progress) -> Body {
    if body.is_end_stream() {
        progress.lock().done = true;
    }
    Watched { body, progress }.boxed_unsync()
}

struct Watched {
    body: Body,
    progress: Progress,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(ctx);
        if let Poll::Ready(frame) = &polled {
            let ended = self.body.is_end_stream();
            let mut shared = self.progress.lock();
            shared.last_move = Instant::now();
            match frame {
                Some(Ok(_)) => shared.done = ended,
                None => shared.done = true,
                Some(Err(error)) => {
                    let kind = error.downcast_ref().map_or(io::ErrorKind::Other, io::Error::kind);
                    shared.broke_off = Some(io::Error::new(kind, error.to_string()));
                }
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
