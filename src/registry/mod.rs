//! The services of the federation, as one immutable view that is swapped when something changes.
//!
//! Readers take a [`Snapshot`] and decide on it from start to finish.

mod document;
mod listing;
mod record;
mod rows;
mod state;
mod store;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::watch;

use self::rows::Rows;
pub use self::{
    document::{OrganizationDocument, ServiceDocument, StandInDocument},
    listing::{Listing, Reach},
    record::{Mode, Record, Source},
    rows::Row,
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
    /// Makes the one writer: held while a new snapshot is made from the last one. The slot that the next
    /// new service gets.
    writer: Mutex<u32>,
    records: watch::Sender<u64>,
}

/// All services at one moment. Snapshots share what did not change between them.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    rows: Rows,
    records: u64,
}

/// Numbers the views of records over all registries of the process, so that no two that differ have the
/// same number.
static RECORDS: AtomicU64 = AtomicU64::new(1);

impl Registry {
    /// A registry without services.
    pub fn new(circuit: vitals::Config) -> Self {
        Self {
            circuit,
            current: ArcSwap::default(),
            writer: Mutex::new(0),
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
        let mut writer = self.writer.lock().expect("no holder panics");
        let now = self.snapshot();
        let known = now.get(record.id());
        // A service that was away is another one to those who decided while it was there before.
        let slot = known.map_or(*writer, Listing::slot);
        if known.is_none() {
            *writer += 1;
        }
        let same_server = known.filter(|known| {
            let (old, new) = (known.service(), &record.service);
            (&old.url, &old.kind, old.max_in_flight, &old.settings)
                == (&new.url, &new.kind, new.max_in_flight, &new.settings)
        });
        let listing = match same_server {
            Some(known) => known.with_record(record),
            None => {
                let vitals = Vitals::new(&self.circuit, record.service.max_in_flight);
                Listing::new(record, slot, vitals)
            }
        };
        self.store(now.rows.with(Arc::new(listing)), RECORDS.fetch_add(1, Relaxed));
        drop(writer);
        self.records.send_modify(|count| *count += 1);
    }

    /// Takes a service out. Says whether it was there.
    pub fn remove(&self, id: &ServiceId) -> bool {
        let writer = self.writer.lock().expect("no holder panics");
        let Some(rows) = self.snapshot().rows.without(id) else { return false };
        self.store(rows, RECORDS.fetch_add(1, Relaxed));
        drop(writer);
        self.records.send_modify(|count| *count += 1);
        true
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
        let _one_writer = self.writer.lock().expect("no holder panics");
        let before = self.snapshot();
        let Some(listing) = before.get(id) else { return false };
        let changed = !listing.reach().is_like(&reach);
        let listing = Arc::new(listing.seen(reach, offer, now));
        self.store(before.rows.with(listing), before.records);
        changed
    }

    fn store(&self, rows: Rows, records: u64) {
        self.current.store(Arc::new(Snapshot { rows, records }));
    }
}

impl Snapshot {
    /// All services, in the order of their ids.
    pub fn services(&self) -> impl Iterator<Item = &Listing> {
        self.rows().map(Row::listing)
    }

    /// The same, with what every decision looks at beside each.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter()
    }

    /// The services behind an id in the order of ids; without one, all.
    pub fn after(&self, id: Option<&ServiceId>) -> impl Iterator<Item = &Listing> {
        let all = id.is_none().then(|| self.rows());
        let behind = id.map(|id| self.rows.after(id));
        all.into_iter().flatten().chain(behind.into_iter().flatten()).map(Row::listing)
    }

    /// One service.
    pub fn get(&self, id: &ServiceId) -> Option<&Listing> {
        self.rows.get(id).map(Row::listing)
    }

    /// How many services there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Which view of the records it is: two snapshots with the same number have the same records, however
    /// their services are.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// All slots of its services are below this.
    pub fn slots(&self) -> u32 {
        self.rows().map(Row::slot).max().map_or(0, |slot| slot + 1)
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

    #[test]
    fn services_stand_in_the_order_of_their_ids_however_they_come_and_go() {
        let named = |number: usize| {
            Service::new(
                format!("s{number:04}").parse().unwrap(),
                "wes",
                "http://127.0.0.1:1".parse().unwrap(),
                "KE".parse().unwrap(),
            )
        };
        let registry = Registry::new(vitals::Config::default());
        let mut there = std::collections::BTreeSet::new();
        let mut dice = fastrand::Rng::with_seed(7);
        for _ in 0..3_000 {
            let number = dice.usize(..500);
            let service = named(number);
            if dice.u8(..3) == 0 {
                assert_eq!(registry.remove(&service.id), there.remove(&service.id));
            } else {
                there.insert(service.id.clone());
                registry.put(Record::new(service, Source::Operator, NOW));
            }
        }
        let fleet = registry.snapshot();

        assert!(fleet.services().map(Listing::id).eq(&there));
        assert_eq!(fleet.len(), there.len());
        assert!(fleet.after(None).map(Listing::id).eq(&there));
        let slots: std::collections::HashSet<_> = fleet.rows().map(Row::slot).collect();
        assert_eq!(slots.len(), fleet.len());
        assert!(slots.iter().all(|slot| *slot < fleet.slots()));
        for number in 0..500 {
            let id = named(number).id;
            assert_eq!(fleet.get(&id).map(Listing::id), there.get(&id));
            let behind = there.range((std::ops::Bound::Excluded(&id), std::ops::Bound::Unbounded));
            assert!(fleet.after(Some(&id)).map(Listing::id).eq(behind));
        }
    }

    #[test]
    fn a_service_that_comes_back_has_another_slot_and_one_that_changes_keeps_its_own() {
        let registry = kenya();
        let id = "kenya".parse().unwrap();
        let slot = || registry.snapshot().get(&id).unwrap().slot();
        let (first, records) = (slot(), registry.snapshot().records());

        registry.publish(&id, Reach::Usable, None, NOW);
        assert_eq!((slot(), registry.snapshot().records()), (first, records));
        registry.put(Record::new(service("http://127.0.0.1:2"), Source::Operator, NOW));
        assert_eq!(slot(), first);
        assert_ne!(registry.snapshot().records(), records);
        registry.remove(&id);
        registry.put(Record::new(service("http://127.0.0.1:2"), Source::Operator, NOW));
        assert_ne!(slot(), first);
    }
}
