//! The last events, in order, and no more than that.

use std::{collections::VecDeque, sync::Arc};

use super::{Ears, EventId, Published};

/// The last events. Sequences begin with 1 and have no gaps.
#[derive(Debug)]
pub(super) struct Ring {
    epoch: u64,
    capacity: usize,
    events: VecDeque<Arc<Published>>,
    /// The sequence that the next event gets.
    next: u64,
}

/// What a listener finds in the ring.
#[derive(Debug)]
pub(super) enum Found {
    /// An event for it.
    Event(Arc<Published>),
    /// Nothing that it has not seen.
    Nothing,
    /// Events that may have been for it have left the ring.
    Behind,
}

impl Ring {
    pub(super) fn new(epoch: u64, capacity: usize) -> Self {
        Self { epoch, capacity: capacity.max(1), events: VecDeque::new(), next: 1 }
    }

    /// The id of the last event; before the first one, of the place before it.
    pub(super) fn last(&self) -> EventId {
        self.id(self.next - 1)
    }

    pub(super) fn id(&self, sequence: u64) -> EventId {
        EventId { epoch: self.epoch, sequence }
    }

    /// Takes an event in, and lets the oldest go.
    pub(super) fn push(&mut self, render: impl FnOnce(EventId) -> Published) -> u64 {
        let id = self.id(self.next);
        if self.events.len() == self.capacity {
            self.events.pop_front();
        }
        self.events.push_back(Arc::new(render(id)));
        self.next += 1;
        id.sequence
    }

    /// The place after an id; none if it is of another process, or what followed it has left the ring.
    pub(super) fn after(&self, id: EventId) -> Option<u64> {
        let known = id.epoch == self.epoch && id.sequence < self.next;
        (known && id.sequence + 1 >= self.first()).then(|| id.sequence + 1)
    }

    /// The next event for these ears from a place on, which moves past it.
    pub(super) fn find(&self, place: &mut u64, ears: &Ears) -> Found {
        let Some(skip) = place.checked_sub(self.first()) else { return Found::Behind };
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        for event in self.events.iter().skip(skip) {
            *place += 1;
            if ears.hear(event) {
                return Found::Event(Arc::clone(event));
            }
        }
        Found::Nothing
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    fn first(&self) -> u64 {
        self.next - self.events.len() as u64
    }
}
