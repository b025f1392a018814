//! One listener: a place in the ring, and nothing that grows while it does not listen.

use std::sync::Arc;

use serde_json::json;

use super::{
    Ears, EventId, Events, Published, Text,
    places::Place,
    ring::{Found, Ring},
};

/// One listener. It holds a place in the ring and no event.
#[derive(Debug)]
pub struct Subscription {
    events: Events,
    place: Place,
    ears: Ears,
    /// The sequence that it has not looked at yet.
    next: u64,
    /// What it must be told before anything else.
    resync: Option<Why>,
}

/// What a listener is told.
#[derive(Debug)]
pub enum Next {
    /// An event, each after the one before it.
    Event(Arc<Published>),
    /// Some were missed: what they told is to be read anew. The text says so in the form of an event.
    Resync(Text),
    /// The gateway stops.
    Closed,
}

/// Why a listener has to read anew.
#[derive(Debug, Clone, Copy)]
enum Why {
    UnknownId,
    Behind,
}

impl Why {
    fn as_str(self) -> &'static str {
        match self {
            Self::UnknownId => "unknown_id",
            Self::Behind => "behind",
        }
    }
}

impl Subscription {
    /// `after` is the last id that the listener knows of; `None` begins with what happens from now on.
    pub(super) fn new(events: Events, place: Place, ears: Ears, after: After) -> Self {
        let ring = events.ring();
        let (next, resync) = match after {
            After::Now => (after_last(&ring), None),
            After::Id(id) => match ring.after(id) {
                Some(next) => (next, None),
                None => (after_last(&ring), Some(Why::UnknownId)),
            },
            After::Unknown => (after_last(&ring), Some(Why::UnknownId)),
        };
        drop(ring);
        Self { events, place, ears, next, resync }
    }

    /// Waits for the next thing that the listener is to know. Nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Next {
        loop {
            if let Some(next) = self.try_next() {
                return next;
            }
            self.place.woken().await;
        }
    }

    /// The next thing that the listener is to know, if it is there.
    pub fn try_next(&mut self) -> Option<Next> {
        if self.events.is_closed() {
            return Some(Next::Closed);
        }
        let mut why = self.resync.take();
        let ring = self.events.ring();
        if why.is_none() {
            match ring.find(&mut self.next, &self.ears) {
                Found::Event(event) => return Some(Next::Event(event)),
                Found::Nothing => return None,
                Found::Behind => why = Some(Why::Behind),
            }
        }
        // From here on it hears what is new: a listener that catches up with a ring that turns faster
        // than it reads would never be done.
        self.next = after_last(&ring);
        let last = ring.last();
        drop(ring);
        let data = json!({"why": why.map(Why::as_str)});
        let at = self.events.now();
        Some(Next::Resync(Text::new(last, super::RESYNC, at, &data)))
    }

    /// A word to this listener alone, in the form of an event.
    pub fn word(&self, name: &str, data: &serde_json::Value) -> Text {
        Text::new(self.position(), name, self.events.now(), data)
    }

    /// The place up to which the listener knows everything that is for it.
    pub fn position(&self) -> EventId {
        self.events.ring().id(self.next - 1)
    }
}

/// Where a listener begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// With what happens from now on.
    Now,
    /// With what happened after this id.
    Id(EventId),
    /// With something that is no id of ours: it has to read anew.
    Unknown,
}

fn after_last(ring: &Ring) -> u64 {
    ring.last().sequence + 1
}
