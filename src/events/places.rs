//! How many listeners there are, whose they are, and how they are woken.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use tokio::sync::watch;

use super::{Config, Error};
use crate::domain::CallerId;

/// The places of all listeners. A caller's own events wake that caller's listeners alone.
#[derive(Debug)]
pub(super) struct Places {
    /// Guards who listens; held for one look or change.
    taken: Mutex<Taken>,
    everyone: watch::Sender<()>,
    max: usize,
    max_per_caller: usize,
}

#[derive(Debug, Default)]
struct Taken {
    count: usize,
    by_caller: HashMap<CallerId, Own>,
}

#[derive(Debug, Default)]
struct Own {
    count: usize,
    more: watch::Sender<()>,
}

/// A listener's place among the others, and what wakes it.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    caller: CallerId,
    everyone: watch::Receiver<()>,
    own: watch::Receiver<()>,
}

impl Places {
    pub(super) fn new(config: &Config) -> Arc<Self> {
        let (max, max_per_caller) = (config.max_listeners, config.max_listeners_per_caller);
        Arc::new(Self {
            taken: Mutex::default(),
            everyone: watch::Sender::default(),
            max,
            max_per_caller,
        })
    }

    /// Takes a place.
    pub(super) fn take(self: &Arc<Self>, caller: &CallerId) -> Result<Place, Error> {
        let mut taken = self.taken.lock().expect("no holder panics");
        let own = taken.by_caller.get(caller).map_or(0, |own| own.count);
        if own >= self.max_per_caller {
            return Err(Error::TooManyOwn);
        }
        if taken.count >= self.max {
            return Err(Error::TooMany);
        }
        taken.count += 1;
        let own = taken.by_caller.entry(caller.clone()).or_default();
        own.count += 1;
        Ok(Place {
            places: Arc::clone(self),
            caller: caller.clone(),
            everyone: self.everyone.subscribe(),
            own: own.more.subscribe(),
        })
    }

    pub(super) fn wake_everyone(&self) {
        self.everyone.send_replace(());
    }

    pub(super) fn wake(&self, caller: &CallerId) {
        let taken = self.taken.lock().expect("no holder panics");
        if let Some(own) = taken.by_caller.get(caller) {
            own.more.send_replace(());
        }
    }

    pub(super) fn count(&self) -> usize {
        self.taken.lock().expect("no holder panics").count
    }
}

impl Place {
    /// Waits until there may be more for this listener. What came since the last look counts.
    pub(super) async fn woken(&mut self) {
        // Neither sender can go before we do: `places` holds the one, our own count the other.
        tokio::select! {
            _ = self.everyone.changed() => {}
            _ = self.own.changed() => {}
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().expect("no holder panics");
        taken.count -= 1;
        if let Some(own) = taken.by_caller.get_mut(&self.caller) {
            own.count -= 1;
            if own.count == 0 {
                taken.by_caller.remove(&self.caller);
            }
        }
    }
}
