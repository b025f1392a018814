//! The services of the federation, as one immutable view that is swapped when something changes.
//!
//! Readers take a [`Snapshot`] and decide on it from start to finish.

mod document;
mod listing;
mod record;
mod state;
mod store;

use std::{
    ops::Bound,
    sync::{Arc, Mutex},
};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use rpds::RedBlackTreeMapSync;
use tokio::sync::watch;

pub use self::{
    document::{Flaw, OrganizationDocument, ServiceDocument, StandInDocument},
    listing::{Listing, Reach},
    record::{Mode, Record, Source},
    state::{State, StateWord},
    store::{Error, Store},
};
use crate::{
    domain::{Offer, Service, ServiceId},
    vitals::{self, Vitals},
};

/// The registry.
#[derive(Debug)]
pub struct Registry {
    circuit: vitals::Config,
    current: ArcSwap<Snapshot>,
    /// Makes the one writer: held while a new snapshot is made from the last one.
    writer: Mutex<()>,
    records: watch::Sender<u64>,
}

/// All services at one moment. Snapshots share what did not change between them.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    listings: RedBlackTreeMapSync<ServiceId, Arc<Listing>>,
}

impl Registry {
    /// A registry without services.
    pub fn new(circuit: vitals::Config) -> Self {
        Self {
            circuit,
            current: ArcSwap::default(),
            writer: Mutex::new(()),
            records: watch::Sender::new(0),
        }
    }

    /// A registry of services about which nothing is known yet.
    pub fn of(services: impl IntoIterator<Item = Service>) -> Self {
        let registry = Self::new(vitals::Config::default());
        for service in services {
            registry.put(Record::new(service, Source::Configuration, Timestamp::UNIX_EPOCH));
        }
        registry
    }

    /// The services as they are now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Counts the changes of records, for whoever keeps something per service.
    pub fn records_changed(&self) -> watch::Receiver<u64> {
        self.records.subscribe()
    }

    /// Adds a service, or replaces its record. What is known of it stays, unless it is another server now.
    pub fn put(&self, record: Record) {
        self.change(|listings| {
            let known = listings.get(record.id()).filter(|known| {
                let (old, new) = (known.service(), &record.service);
                (&old.url, &old.kind, old.max_in_flight, &old.settings)
                    == (&new.url, &new.kind, new.max_in_flight, &new.settings)
            });
            let id = record.id().clone();
            let listing = match known {
                Some(known) => known.with_record(record),
                None => {
                    let vitals = Vitals::new(&self.circuit, record.service.max_in_flight);
                    Listing::new(record, vitals)
                }
            };
            Some(listings.insert(id, Arc::new(listing)))
        });
        self.records.send_modify(|count| *count += 1);
    }

    /// Takes a service out. Says whether it was there.
    pub fn remove(&self, id: &ServiceId) -> bool {
        let removed =
            self.change(|listings| listings.contains_key(id).then(|| listings.remove(id)));
        if removed {
            self.records.send_modify(|count| *count += 1);
        }
        removed
    }

    /// Publishes what a service was found to be. A service that is not listed is left alone. Returns
    /// whether its reach changed.
    pub fn publish(
        &self,
        id: &ServiceId,
        reach: Reach,
        offer: Option<Offer>,
        now: Timestamp,
    ) -> bool {
        let mut changed = false;
        self.change(|listings| {
            let listing = listings.get(id)?;
            changed = !listing.reach().is_like(&reach);
            Some(listings.insert(id.clone(), Arc::new(listing.seen(reach, offer, now))))
        });
        changed
    }

    /// Swaps the snapshot for what `next` makes of it, if anything.
    fn change(&self, next: impl FnOnce(&Listings) -> Option<Listings>) -> bool {
        let _one_writer = self.writer.lock().expect("no holder panics");
        let Some(listings) = next(&self.snapshot().listings) else { return false };
        self.current.store(Arc::new(Snapshot { listings }));
        true
    }
}

type Listings = RedBlackTreeMapSync<ServiceId, Arc<Listing>>;

impl Snapshot {
    /// All services, in the order of their ids.
    pub fn services(&self) -> impl Iterator<Item = &Listing> {
        self.listings.values().map(Arc::as_ref)
    }

    /// The services behind an id in the order of ids; without one, all.
    pub fn after(&self, id: Option<&ServiceId>) -> impl Iterator<Item = &Listing> {
        let start = id.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.listings.range((start, Bound::Unbounded));
        behind.map(|(_, listing)| listing.as_ref())
    }

    /// One service.
    pub fn get(&self, id: &ServiceId) -> Option<&Listing> {
        self.listings.get(id).map(Arc::as_ref)
    }

    /// How many services there are.
    pub fn len(&self) -> usize {
        self.listings.size()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.listings.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn service(url: &str) -> Service {
        let (id, law) = ("kenya".parse().unwrap(), "KE".parse().unwrap());
        Service::new(id, "wes", url.parse().unwrap(), law)
    }

    fn kenya() -> Registry {
        Registry::of([service("http://127.0.0.1:1")])
    }

    #[test]
    fn a_snapshot_does_not_change_under_its_reader() {
        let registry = kenya();
        let id = "kenya".parse().unwrap();
        let before = registry.snapshot();

        assert!(registry.publish(&id, Reach::Usable, Some(Offer::default()), NOW));

        assert_eq!(before.get(&id).unwrap().reach(), &Reach::Unknown);
        assert_eq!(registry.snapshot().get(&id).unwrap().reach(), &Reach::Usable);
    }

    #[test]
    fn an_offer_outlives_an_outage() {
        let registry = kenya();
        let id = "kenya".parse().unwrap();

        registry.publish(&id, Reach::Usable, Some(Offer::default()), NOW);
        let down = Reach::Unreachable { why: "no connection".to_owned() };
        registry.publish(&id, down, None, NOW);

        assert!(registry.snapshot().get(&id).unwrap().offer().is_some());
    }

    #[test]
    fn what_is_known_stays_with_the_server_and_not_with_its_name() {
        let id = "kenya".parse().unwrap();
        for (url, known) in [("http://127.0.0.1:1", true), ("http://127.0.0.1:2", false)] {
            let registry = kenya();
            registry.publish(&id, Reach::Usable, Some(Offer::default()), NOW);

            registry.put(Record::new(service(url), Source::Operator, NOW));

            let listing = registry.snapshot();
            let listing = listing.get(&id).unwrap();
            assert_eq!(listing.offer().is_some(), known, "{url}");
            assert_eq!(listing.record().source, Source::Operator);
        }
    }

    #[test]
    fn a_change_of_records_is_told_and_a_probe_is_not() {
        let registry = kenya();
        let id = "kenya".parse().unwrap();
        let mut changes = registry.records_changed();
        changes.mark_unchanged();

        registry.publish(&id, Reach::Usable, None, NOW);
        assert!(!changes.has_changed().unwrap());
        assert!(registry.remove(&id) && !registry.remove(&id));
        assert!(changes.has_changed().unwrap());
    }
}
