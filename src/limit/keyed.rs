//! A bounded memory of times by key: the state of GCRA, and until when somebody is blocked.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use governor::{
    nanos::Nanos,
    state::{StateStore, keyed::ShrinkableKeyedStateStore},
};

/// Parts with a lock each, so that callers rarely wait for each other.
const SHARDS: usize = 16;

/// Times by key, in nanoseconds since the limiter was made; what lies in the past is as good as not there.
/// At its bound, the eighth of a part that is nearest to the past is forgotten: whoever comes with very
/// many keys resets some buckets, and keeps nobody out. Clones are the same memory.
#[derive(Debug, Clone)]
pub(super) struct Keyed {
    /// Each guards its part of the map; held for one look and one change.
    shards: Arc<[Mutex<HashMap<String, u64>>]>,
    hasher: RandomState,
    /// Keys in one part at most.
    max: usize,
    /// No state is earlier than this: after it was raised, everybody begins anew from there.
    floor: Arc<AtomicU64>,
}

impl Keyed {
    pub(super) fn new(max_keys: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            max: (max_keys / SHARDS).max(1),
            floor: Arc::default(),
        }
    }

    /// The time of a key.
    pub(super) fn get(&self, key: &str) -> Option<u64> {
        self.shard(key).get(key).copied()
    }

    /// Sets the time of a key.
    pub(super) fn set(&self, key: &str, at: u64) {
        let mut shard = self.shard(key);
        if let Some(known) = shard.get_mut(key) {
            *known = at;
            return;
        }
        if shard.len() >= self.max {
            make_room(&mut shard);
        }
        shard.insert(key.to_owned(), at);
    }

    /// Nobody's state is earlier than this from now on.
    pub(super) fn raise(&self, floor: u64) {
        self.floor.fetch_max(floor, Ordering::Relaxed);
    }

    /// Keys that are remembered.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| held(shard).len()).sum()
    }

    /// Forgets what is not later than `now`.
    pub(super) fn forget(&self, now: u64) {
        for shard in self.shards.iter() {
            let mut shard = held(shard);
            shard.retain(|_, at| *at > now);
            if shard.capacity() > 4 * shard.len() + 64 {
                shard.shrink_to_fit();
            }
        }
    }

    /// The latest times, at most `count`, latest first.
    pub(super) fn latest(&self, count: usize) -> Vec<(String, u64)> {
        let mut all: Vec<(String, u64)> = Vec::new();
        for shard in self.shards.iter() {
            all.extend(held(shard).iter().map(|(key, at)| (key.clone(), *at)));
            all.sort_by(|(a, one), (b, other)| other.cmp(one).then_with(|| a.cmp(b)));
            all.truncate(count);
        }
        all
    }

    fn shard(&self, key: &str) -> MutexGuard<'_, HashMap<String, u64>> {
        let hash = self.hasher.hash_one(key);
        held(&self.shards[(hash % SHARDS as u64) as usize])
    }

    fn old(&self, stored: Option<u64>) -> Option<Nanos> {
        let floor = self.floor.load(Ordering::Relaxed);
        stored.or((floor > 0).then_some(floor)).map(|at| Nanos::new(at.max(floor)))
    }
}

fn held(shard: &Mutex<HashMap<String, u64>>) -> MutexGuard<'_, HashMap<String, u64>> {
    shard.lock().expect("no holder panics")
}

fn make_room(shard: &mut HashMap<String, u64>) {
    let mut times: Vec<u64> = shard.values().copied().collect();
    let eighth = times.len() / 8;
    let bound = *times.select_nth_unstable(eighth).1;
    shard.retain(|_, at| *at > bound);
}

impl StateStore for Keyed {
    type Key = String;

    fn measure_and_replace<T, F, E>(&self, key: &String, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut shard = self.shard(key);
        let stored = shard.get(key).copied();
        let (outcome, at) = f(self.old(stored))?;
        if stored.is_none() && shard.len() >= self.max {
            make_room(&mut shard);
        }
        match shard.get_mut(key) {
            Some(known) => *known = at.as_u64(),
            None => {
                shard.insert(key.clone(), at.as_u64());
            }
        }
        Ok(outcome)
    }
}

impl ShrinkableKeyedStateStore<String> for Keyed {
    fn retain_recent(&self, drop_below: Nanos) {
        self.forget(drop_below.as_u64());
    }

    fn len(&self) -> usize {
        Self::len(self)
    }

    fn is_empty(&self) -> bool {
        Self::len(self) == 0
    }
}
