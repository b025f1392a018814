//! Places for what takes long, shared so that a greedy one leaves others at least their share.
//!
//! Weighted fair queueing over places: a free place goes to whoever waits and holds least for their weight,
//! and among equals to whoever was served least. Places are not taken back, so nobody may hold more than
//! `max_share` of them however empty the house is: who comes later finds some.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::oneshot;

use super::config::Submissions;
use crate::telemetry::Metrics;

/// Tenants with a line of their own at most. Further ones share one.
const MAX_TENANTS: usize = 10_000;
const OTHERS: &str = "others";

/// The places.
#[derive(Debug)]
pub struct Places {
    count: usize,
    config: Submissions,
    metrics: Arc<Metrics>,
    /// Guards who holds what and who waits; held for one decision.
    house: Mutex<House>,
}

#[derive(Debug, Default)]
struct House {
    taken: usize,
    tenants: HashMap<String, Tenant>,
    /// How far the least served tenant is that still waits or holds something.
    served: f64,
}

#[derive(Debug, Default)]
struct Tenant {
    holds: usize,
    waiting: VecDeque<oneshot::Sender<Place>>,
    /// Places that it was given, by its weight.
    served: f64,
}

/// A place. Dropping it gives it to the next one.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    tenant: String,
}

/// There is no place, now and for as long as one may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no place")]
pub struct NoPlace;

/// What somebody holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    /// Who.
    pub tenant: String,
    /// Places that it holds.
    pub holds: usize,
    /// Those who wait for one.
    pub waiting: usize,
    /// Its weight.
    pub weight: f64,
}

impl Places {
    /// So many places.
    pub fn new(count: usize, config: Submissions, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { count, config, metrics, house: Mutex::default() })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many one tenant may hold.
    pub fn most(&self) -> usize {
        let most = (self.count as f64 * self.config.max_share).floor() as usize;
        most.clamp(1.min(self.count), self.count)
    }

    /// Waits for a place, within bounds.
    pub async fn enter(self: &Arc<Self>, tenant: &str) -> Result<Place, NoPlace> {
        let waits = {
            let mut house = self.house();
            let tenant = house.line_of(tenant);
            let line = house.tenants.entry(tenant.clone()).or_default();
            let holds = line.holds;
            line.waiting.retain(|waiting| !waiting.is_closed());
            if line.waiting.is_empty() && house.taken < self.count && holds < self.most() {
                // Nobody else can be waiting for it: whoever may have a free place was given it.
                let place = self.give(&mut house, &tenant);
                self.tell(&house);
                return Ok(place);
            }
            let line = house.tenants.entry(tenant).or_default();
            if line.waiting.len() >= self.config.max_waiting || self.config.wait.is_zero() {
                house.sweep();
                return Err(NoPlace);
            }
            let (tx, rx) = oneshot::channel();
            line.waiting.push_back(tx);
            self.tell(&house);
            rx
        };
        match tokio::time::timeout(self.config.wait, waits).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(NoPlace),
        }
    }

    /// Who holds and waits, the greatest holders first.
    pub fn shares(&self) -> Vec<Share> {
        let house = self.house();
        let shares = house.tenants.iter().map(|(tenant, line)| Share {
            tenant: tenant.clone(),
            holds: line.holds,
            waiting: line.waiting.iter().filter(|waiting| !waiting.is_closed()).count(),
            weight: self.weight(tenant),
        });
        let mut shares: Vec<_> = shares.collect();
        shares.sort_by(|a, b| b.holds.cmp(&a.holds).then_with(|| a.tenant.cmp(&b.tenant)));
        shares
    }

    fn give(self: &Arc<Self>, house: &mut House, tenant: &str) -> Place {
        let (served, weight) = (house.served, self.weight(tenant));
        let line = house.tenants.entry(tenant.to_owned()).or_default();
        line.holds += 1;
        // Who comes after a while does not catch up on what was not asked for.
        line.served = line.served.max(served) + 1.0 / weight;
        house.taken += 1;
        Place { places: self.clone(), tenant: tenant.to_owned() }
    }

    /// Gives free places to whoever has the best claim.
    fn serve(self: &Arc<Self>, house: &mut House) -> Vec<(oneshot::Sender<Place>, Place)> {
        let mut given = Vec::new();
        while house.taken < self.count {
            let Some(tenant) = self.next(house) else { break };
            let line = house.tenants.get_mut(&tenant).expect("it was just chosen");
            let waiting = line.waiting.pop_front().expect("it waits");
            house.served = house.served.max(line.served);
            given.push((waiting, self.give(house, &tenant)));
        }
        house.sweep();
        self.tell(house);
        given
    }

    /// Who holds least for its weight among those who wait.
    fn next(&self, house: &mut House) -> Option<String> {
        let most = self.most();
        for line in house.tenants.values_mut() {
            line.waiting.retain(|waiting| !waiting.is_closed());
        }
        let may = house.tenants.iter().filter(|(_, l)| !l.waiting.is_empty() && l.holds < most);
        let claim =
            |tenant: &String, line: &Tenant| (line.holds as f64 / self.weight(tenant), line.served);
        may.min_by(|(a, one), (b, other)| {
            let (one, other) = (claim(a, one), claim(b, other));
            one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)).then_with(|| a.cmp(b))
        })
        .map(|(tenant, _)| tenant.clone())
    }

    fn tell(&self, house: &House) {
        let waiting = house.tenants.values().map(|line| line.waiting.len()).sum();
        self.metrics.submission_places(house.taken, waiting);
    }

    fn weight(&self, tenant: &str) -> f64 {
        self.config.weights.get(tenant).copied().unwrap_or(1.0)
    }

    fn house(&self) -> MutexGuard<'_, House> {
        self.house.lock().expect("no holder panics")
    }
}

impl House {
    /// The line in which somebody stands.
    fn line_of(&self, tenant: &str) -> String {
        let known = self.tenants.contains_key(tenant) || self.tenants.len() < MAX_TENANTS;
        if known { tenant.to_owned() } else { OTHERS.to_owned() }
    }

    /// Forgets who holds nothing and waits for nothing.
    fn sweep(&mut self) {
        self.tenants.retain(|_, line| line.holds > 0 || !line.waiting.is_empty());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let given = {
            let mut house = self.places.house();
            house.taken -= 1;
            if let Some(line) = house.tenants.get_mut(&self.tenant) {
                line.holds -= 1;
            }
            self.places.serve(&mut house)
        };
        // Outside the lock: one who left meanwhile gives the place back, and that takes the lock again.
        for (waiting, place) in given {
            let _ = waiting.send(place);
        }
    }
}
