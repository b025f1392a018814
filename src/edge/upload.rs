//! A request body on its way to a handler: counted, and never still for too long.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use super::{activity::Activity, refusal::Refusal};

/// A body that fails when it is too large or too slow.
#[derive(Debug)]
pub(super) struct Upload {
    body: Incoming,
    left: u64,
    stall: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// The handler waits for a byte. While it does something else, the client is not to blame.
    waiting: bool,
    fault: Fault,
    activity: Arc<Activity>,
}

/// What went wrong with a body. A handler sees only an error, so the edge looks here before it sends
/// the handler's answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Fault(Arc<AtomicU8>);

const TOO_LARGE: u8 = 1;
const STALLED: u8 = 2;

impl Fault {
    pub(super) fn refusal(&self) -> Option<Refusal> {
        match self.0.load(Ordering::Relaxed) {
            TOO_LARGE => Some(Refusal::BODY_TOO_LARGE),
            STALLED => Some(Refusal::BODY_STALLED),
            _ => None,
        }
    }
}

impl Upload {
    /// Watches `body`, which may bring at most `limit` bytes and stand still for `stall`.
    pub(super) fn new(
        body: Incoming,
        limit: u64,
        stall: Duration,
        activity: Arc<Activity>,
    ) -> (Self, Fault) {
        let fault = Fault::default();
        let upload = Self {
            body,
            left: limit,
            stall,
            timer: None,
            waiting: false,
            fault: fault.clone(),
            activity,
        };
        (upload, fault)
    }

    fn fail(&self, fault: u8, kind: io::ErrorKind, text: &'static str) -> Poll<Option<Failed>> {
        self.fault.0.store(fault, Ordering::Relaxed);
        Poll::Ready(Some(Err(io::Error::new(kind, text).into())))
    }

    /// Whether the body stood still for too long, counted from when the handler began to wait.
    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let stall = self.stall;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        if !self.waiting {
            timer.as_mut().reset(Instant::now() + stall);
            self.waiting = true;
        }
        timer.as_mut().poll(cx)
    }
}

type Failed = Result<Frame<Bytes>, axum::BoxError>;

impl Body for Upload {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Failed>> {
        let this = &mut *self;
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) else {
            ready!(this.poll_stall(cx));
            return this.fail(
                STALLED,
                io::ErrorKind::TimedOut,
                "the body stood still for too long",
            );
        };
        this.waiting = false;
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            match this.left.checked_sub(data.len() as u64) {
                Some(left) => this.left = left,
                None => {
                    return this.fail(
                        TOO_LARGE,
                        io::ErrorKind::FileTooLarge,
                        "the body is too large",
                    );
                }
            }
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            self.activity.leaves_unread();
        }
    }
}
