//! The services of the federation, as one immutable view that is swapped when something changes.
//!
//! Readers take a [`Snapshot`] and decide on it from start to finish.

mod listing;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use arc_swap::ArcSwap;

pub use self::listing::{Listing, Reach};
use crate::domain::{Offer, Service, ServiceId};

/// The registry.
#[derive(Debug)]
pub struct Registry {
    current: ArcSwap<Snapshot>,
    /// Makes the one writer: held while a new snapshot is made from the last one.
    writer: Mutex<()>,
}

/// All services at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    listings: BTreeMap<ServiceId, Arc<Listing>>,
}

impl Registry {
    /// A registry of services about which nothing is known yet.
    pub fn new(services: impl IntoIterator<Item = Service>) -> Self {
        let listings = services
            .into_iter()
            .map(|service| (service.id.clone(), Arc::new(Listing::new(service))))
            .collect();
        Self { current: ArcSwap::from_pointee(Snapshot { listings }), writer: Mutex::new(()) }
    }

    /// The services as they are now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Publishes what a service was found to be. A service that is not listed is left alone. Returns
    /// whether its reach changed.
    pub fn publish(&self, id: &ServiceId, reach: Reach, offer: Option<Offer>) -> bool {
        let _one_writer = self.writer.lock().expect("no holder panics");
        let mut next = Snapshot::clone(&self.snapshot());
        let Some(listing) = next.listings.get_mut(id) else { return false };
        let changed = !listing.reach().is_like(&reach);
        *listing = Arc::new(listing.seen(reach, offer));
        self.current.store(Arc::new(next));
        changed
    }
}

impl Snapshot {
    /// All services, in the order of their ids.
    pub fn services(&self) -> impl Iterator<Item = &Listing> {
        self.listings.values().map(Arc::as_ref)
    }

    /// One service.
    pub fn get(&self, id: &ServiceId) -> Option<&Listing> {
        self.listings.get(id).map(Arc::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_does_not_change_under_its_reader() {
        let registry = Registry::new([listing::tests::service("kenya")]);
        let id = "kenya".parse().unwrap();
        let before = registry.snapshot();

        assert!(registry.publish(&id, Reach::Usable, Some(Offer::default())));

        assert_eq!(before.get(&id).unwrap().reach(), &Reach::Unknown);
        assert_eq!(registry.snapshot().get(&id).unwrap().reach(), &Reach::Usable);
    }

    #[test]
    fn an_offer_outlives_an_outage() {
        let registry = Registry::new([listing::tests::service("kenya")]);
        let id = "kenya".parse().unwrap();

        registry.publish(&id, Reach::Usable, Some(Offer::default()));
        registry.publish(&id, Reach::Unreachable { why: "no connection".to_owned() }, None);

        assert!(registry.snapshot().get(&id).unwrap().offer().is_some());
    }
}
