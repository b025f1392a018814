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
use tokio::{sync::Notify, time::Instant};

use super::{Body, BoxError};

/// How far an upload has come.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    stall: Duration,
    wait: Duration,
    /// Guards a few words that the body writes and the waiting side reads.
    shared: Arc<Mutex<Shared>>,
    /// Told when the body is out, since another bound holds from then on.
    sent: Arc<Notify>,
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
        Self { stall, wait, shared: Arc::new(Mutex::new(shared)), sent: Arc::default() }
    }

    /// Returns once nothing has moved for too long: the stall bound while the body goes out, the wait
    /// bound after it.
    pub(super) async fn expired(&self) -> Duration {
        loop {
            let (deadline, bound) = {
                let shared = self.lock();
                let bound = if shared.done { self.wait } else { self.stall };
                (shared.last_move + bound, bound)
            };
            if Instant::now() >= deadline {
                return bound;
            }
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => {}
                () = self.sent.notified() => {}
            }
        }
    }

    /// The error with which our own side broke the body off, if it did.
    pub(super) fn broke_off(&self) -> Option<io::Error> {
        self.lock().broke_off.take()
    }

    fn finish(&self) {
        self.lock().done = true;
        self.sent.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        self.shared.lock().expect("no holder panics")
    }
}

/// Lets `progress` watch the body.
pub(super) fn watched(body: Body, progress: Progress) -> Body {
    if body.is_end_stream() {
        progress.finish();
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
            self.progress.lock().last_move = Instant::now();
            match frame {
                Some(Ok(_)) if !ended => {}
                Some(Ok(_)) | None => self.progress.finish(),
                Some(Err(error)) => {
                    let kind = error.downcast_ref().map_or(io::ErrorKind::Other, io::Error::kind);
                    let error = io::Error::new(kind, error.to_string());
                    self.progress.lock().broke_off = Some(error);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::client::full;

    #[tokio::test(start_paused = true)]
    async fn after_the_last_byte_the_shorter_bound_holds() {
        let progress = Progress::new(Duration::from_secs(60), Duration::from_secs(1));
        let body = watched(full("all"), progress.clone());
        let began = Instant::now();

        let (_, bound) = tokio::join!(body.collect(), progress.expired());

        assert_eq!(bound, Duration::from_secs(1));
        assert_eq!(began.elapsed(), Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_upload_that_stands_still_is_given_up() {
        let progress = Progress::new(Duration::from_secs(60), Duration::from_secs(1));
        let _never_read = watched(full("all"), progress.clone());

        assert_eq!(progress.expired().await, Duration::from_secs(60));
    }
}
