//! What a connection is busy with, shared by the requests on it and the deadlines around it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use tokio::time::Instant;

/// The activity of one connection.
#[derive(Debug)]
pub(super) struct Activity {
    /// Guards the two numbers; held for one read or write.
    requests: Mutex<Count>,
    /// The connection speaks another protocol now, which has its own deadlines.
    upgraded: AtomicBool,
    /// An answer is a stream without an end, so nothing of it is worth waiting for at the end.
    endless: AtomicBool,
    /// The edge closes.
    closing: AtomicBool,
    /// A request body was left unread: closing at once would lose the answer to a reset.
    unread: AtomicBool,
}

#[derive(Debug)]
struct Count {
    in_flight: usize,
    /// When the last one ended; before the first one, none has.
    last_end: Option<Instant>,
}

/// What the connection does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// Nothing was asked yet.
    Fresh,
    /// At least one request is served.
    Serving,
    /// It waits for the next request since then.
    Idle(Instant),
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            requests: Mutex::new(Count { in_flight: 0, last_end: None }),
            upgraded: AtomicBool::new(false),
            endless: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            unread: AtomicBool::new(false),
        })
    }

    /// Counts a request until the guard is dropped.
    pub(super) fn request(self: &Arc<Self>) -> InFlight {
        self.requests.lock().expect("no holder panics").in_flight += 1;
        InFlight(Arc::clone(self))
    }

    pub(super) fn doing(&self) -> Doing {
        if self.upgraded.load(Ordering::Relaxed) {
            return Doing::Serving;
        }
        let requests = self.requests.lock().expect("no holder panics");
        match (requests.in_flight, requests.last_end) {
            (0, None) => Doing::Fresh,
            (0, Some(end)) => Doing::Idle(end),
            (_, _) => Doing::Serving,
        }
    }

    pub(super) fn upgraded(&self) {
        self.upgraded.store(true, Ordering::Relaxed);
    }

    pub(super) fn answers_without_end(&self) {
        self.endless.store(true, Ordering::Relaxed);
    }

    pub(super) fn closes(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Whether a client that does not read now is not waited for.
    pub(super) fn is_to_end(&self) -> bool {
        self.closing.load(Ordering::Relaxed) && self.endless.load(Ordering::Relaxed)
    }

    pub(super) fn leaves_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed)
    }
}

/// A request that is being served.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut requests = self.0.requests.lock().expect("no holder panics");
        requests.in_flight -= 1;
        requests.last_end = Some(Instant::now());
    }
}
