//! Deadlines around a connection's bytes, where hyper has none or too few.
//!
//! hyper's own header deadline also runs while a kept connection is idle, so the two cannot differ
//! there; and nothing in it notices a client that does not read, or an HTTP/2 connection without use.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep},
};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{
    Config,
    activity::{Activity, Doing},
};

/// How long, and for how many bytes, a closing connection still reads what a client had sent
/// already, so that the answer is not lost to a reset.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 64 * 1024 * 1024;

/// How long a client that does not read holds up the end of the edge with a stream that has no end.
const CLOSING_STALL: Duration = Duration::from_secs(1);

/// A stream that fails when it is too slow.
#[derive(Debug)]
pub(super) struct Deadlines<S> {
    stream: S,
    _place: Place,
    activity: Arc<Activity>,
    limits: Limits,
    /// When the head that is being read began; a fresh connection begins with one.
    head_began: Option<Instant>,
    reading: Pin<Box<Sleep>>,
    writing: Option<Pin<Box<Sleep>>>,
    linger: Option<(Pin<Box<Sleep>>, usize)>,
}

/// A connection's place among the others. It goes with the stream, since after an upgrade the stream
/// outlives hyper's part of the connection.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) _permit: OwnedSemaphorePermit,
    pub(super) _open: TaskTrackerToken,
}

/// The deadlines in force.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    header: Duration,
    idle: Duration,
    stall: Duration,
    /// Over HTTP/2 bytes between requests are no request head: they may be pings.
    h2: bool,
}

impl Limits {
    pub(super) fn new(config: &Config, h2: bool) -> Self {
        let Config { header_timeout, idle_timeout, body_stall_timeout, .. } = *config;
        Self { header: header_timeout, idle: idle_timeout, stall: body_stall_timeout, h2 }
    }
}

impl<S> Deadlines<S> {
    /// `since` is when the connection was accepted.
    pub(super) fn new(
        stream: S,
        place: Place,
        activity: Arc<Activity>,
        limits: Limits,
        since: Instant,
    ) -> Self {
        let reading = Box::pin(tokio::time::sleep_until(since + limits.header));
        let head_began = Some(since);
        Self {
            stream,
            _place: place,
            activity,
            limits,
            head_began,
            reading,
            writing: None,
            linger: None,
        }
    }

    /// When waiting for a byte ends; none while a request is served, whose body has its own deadline.
    fn patience(&mut self) -> Option<Instant> {
        match self.activity.doing() {
            Doing::Serving => {
                self.head_began = None;
                None
            }
            Doing::Fresh => self.head_began.map(|began| began + self.limits.header),
            Doing::Idle(since) => Some(match self.head_began {
                // A head that began before the last request ended was that request's own.
                Some(began) if began >= since => began + self.limits.header,
                Some(_) | None => since + self.limits.idle,
            }),
        }
    }

    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let now = Instant::now();
            let patience = self.patience();
            if patience.is_some_and(|end| end <= now) {
                return Poll::Ready(too_slow());
            }
            // Looked at again even while serving: the end of a request does not always wake us. A timer
            // that is too early is left alone, so that the hot path does not touch it.
            let next = patience.unwrap_or(now + self.limits.idle);
            if self.reading.is_elapsed() || next < self.reading.deadline() {
                self.reading.as_mut().reset(next);
            }
            ready!(self.reading.as_mut().poll(cx));
        }
    }

    fn poll_stall<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing = None;
            return written;
        }
        let mut stall = self.limits.stall;
        let ends = self.activity.is_to_end();
        if ends {
            stall = stall.min(CLOSING_STALL);
        }
        let timer = self.writing.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        if ends && timer.deadline() > Instant::now() + stall {
            timer.as_mut().reset(Instant::now() + stall);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(too_slow()))
    }
}

fn too_slow() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the peer was too slow")
}

impl<S: AsyncRead + Unpin> AsyncRead for Deadlines<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if Pin::new(&mut this.stream).poll_read(cx, buffer)?.is_ready() {
            if !this.limits.h2
                && let Doing::Idle(since) = this.activity.doing()
            {
                let began = this.head_began.filter(|began| *began >= since);
                this.head_began = Some(began.unwrap_or_else(Instant::now));
            }
            return Poll::Ready(Ok(()));
        }
        this.poll_patience(cx).map(Err)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Deadlines<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.poll_stall(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.poll_stall(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.linger.is_none() {
            let shut = Pin::new(&mut this.stream).poll_shutdown(cx);
            ready!(this.poll_stall(cx, shut))?;
            if this.limits.h2 || !this.activity.has_unread() {
                return Poll::Ready(Ok(()));
            }
        }
        let (timer, left) =
            this.linger.get_or_insert_with(|| (Box::pin(tokio::time::sleep(LINGER)), LINGER_BYTES));
        let mut scratch = [0; 8192];
        while timer.as_mut().poll(cx).is_pending() && *left > 0 {
            let mut buffer = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut this.stream).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {
                    *left = left.saturating_sub(buffer.filled().len());
                }
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
