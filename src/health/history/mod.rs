//! What was seen of services: kept in memory as it comes, written down at intervals, drawn together as it
//! gets old.
//!
//! Every answer takes four bytes for [`Config::detail_for`], then an hour takes some twenty for
//! [`Config::hourly_for`], then a day takes as much. With the default settings that is less than 32 KiB
//! of data a service in all, a test says. A crash loses what was seen since it was last written down.

mod period;
mod sample;
mod store;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

use jiff::Timestamp;
use uuid::Uuid;

pub use self::{
    period::Period,
    sample::{Sample, Verdict},
};
use self::{
    sample::{HOUR, hour_of},
    store::{DAY, DETAIL, Row, Store},
};
use super::{Config, Error, Result};
use crate::{database::Database, domain::ServiceId};

/// Incidents that are told of one service at a time, the newest ones.
const MOST_INCIDENTS: i64 = 200;

/// Hours of a service that wait to be written while the database does not take them. Older ones are lost.
const MOST_WAITING: usize = 4;

/// Incidents that wait to be written while the database does not take them. Further ones are lost.
const MOST_CHANGED: usize = 10_000;

/// A time in which a service was down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its id.
    pub id: String,
    /// Which service.
    pub service: ServiceId,
    /// Why, in words for people, as it was seen first.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when; unset while it lasts.
    pub until: Option<Timestamp>,
}

/// How finely a history is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// By the hour.
    Hour,
    /// By the day.
    Day,
}

/// The history of all services.
#[derive(Debug)]
pub struct History {
    store: Store,
    config: Config,
    /// Guards what is not written down yet, held to add to it or to copy some of it.
    fresh: Mutex<Fresh>,
    /// One writer at a time.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Fresh {
    /// The current hour of every service, and earlier ones that are not written yet.
    hours: HashMap<ServiceId, BTreeMap<i64, Hour>>,
    /// The incidents that last.
    open: HashMap<ServiceId, Incident>,
    /// Incidents that are not written as they stand here.
    changed: HashMap<String, Incident>,
    /// The hour from which on there is more to come. What is older is written and gone from here.
    current: i64,
}

#[derive(Debug, Default)]
struct Hour {
    bytes: Vec<u8>,
    written: usize,
}

impl History {
    /// The history in an open database.
    pub fn new(database: Database, config: Config) -> Self {
        Self {
            store: Store { database },
            config,
            fresh: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
        }
    }

    /// Takes up what a former process left: the hour that it was in, and what had not ended.
    pub async fn resume(&self, now: Timestamp) -> Result<()> {
        let hours = self.store.hours_since(hour_of(now)).await?;
        let open = self.store.open_incidents().await?;
        let mut fresh = self.fresh.lock().expect("no holder panics");
        for row in hours {
            let Ok(service) = row.service_id.parse() else { continue };
            let hour = Hour { written: row.data.len(), bytes: row.data };
            fresh.hours.entry(service).or_default().insert(row.start_at, hour);
        }
        fresh.open =
            open.into_iter().map(|incident| (incident.service.clone(), incident)).collect();
        Ok(())
    }

    /// Takes in what was seen of a service.
    pub fn add(&self, service: &ServiceId, sample: &Sample) {
        let mut fresh = self.fresh.lock().expect("no holder panics");
        let current = fresh.current;
        if !fresh.hours.contains_key(service) {
            fresh.hours.insert(service.clone(), BTreeMap::new());
        }
        let Some(hours) = fresh.hours.get_mut(service) else { return };
        // A clock that was set back over the hour must not begin that hour anew.
        let hour = hour_of(sample.at).max(current);
        let at = Timestamp::from_microsecond(hour).unwrap_or(sample.at).max(sample.at);
        sample::push(&mut hours.entry(hour).or_default().bytes, &Sample { at, ..*sample });
        while hours.len() > MOST_WAITING {
            hours.pop_first();
        }
    }

    /// Takes in that a service is down, or is not. Says whether that is new.
    pub fn set_down(&self, service: &ServiceId, down: Option<&str>, now: Timestamp) -> bool {
        let mut fresh = self.fresh.lock().expect("no holder panics");
        let incident = match (down, fresh.open.remove(service)) {
            (Some(why), None) => {
                let id = Uuid::now_v7().to_string();
                let why = why.to_owned();
                Incident { id, service: service.clone(), why, since: now, until: None }
            }
            (Some(_), Some(lasting)) => {
                fresh.open.insert(service.clone(), lasting);
                return false;
            }
            (None, Some(lasting)) => Incident { until: Some(now.max(lasting.since)), ..lasting },
            (None, None) => return false,
        };
        if incident.until.is_none() {
            fresh.open.insert(service.clone(), incident.clone());
        }
        if fresh.changed.len() < MOST_CHANGED || fresh.changed.contains_key(&incident.id) {
            fresh.changed.insert(incident.id.clone(), incident);
        }
        true
    }

    /// Ends the incidents of services that are not there any more.
    pub fn end_those_without(&self, is_there: impl Fn(&ServiceId) -> bool, now: Timestamp) {
        let open: Vec<ServiceId> = {
            let fresh = self.fresh.lock().expect("no holder panics");
            fresh.open.keys().filter(|service| !is_there(service)).cloned().collect()
        };
        for service in open {
            self.set_down(&service, None, now);
        }
    }

    /// Writes down what is new, and draws together what has become old.
    pub async fn write(&self, now: Timestamp) -> Result<()> {
        let _one = self.writing.lock().await;
        let (rows, incidents) = self.unwritten();
        self.store.write_all(&rows, &incidents).await?;
        self.mark_written(&rows, &incidents, hour_of(now));
        self.store.roll_up(&self.config, now.as_microsecond()).await?;
        Ok(())
    }

    fn unwritten(&self) -> (Vec<Row>, Vec<Incident>) {
        let fresh = self.fresh.lock().expect("no holder panics");
        let mut rows = Vec::new();
        for (service, hours) in &fresh.hours {
            let new = hours.iter().filter(|(_, hour)| hour.written < hour.bytes.len());
            rows.extend(new.map(|(start, hour)| row_of(service, *start, hour)));
        }
        (rows, fresh.changed.values().cloned().collect())
    }

    fn mark_written(&self, rows: &[Row], incidents: &[Incident], current: i64) {
        let mut fresh = self.fresh.lock().expect("no holder panics");
        for row in rows {
            let Ok(service) = row.service_id.parse::<ServiceId>() else { continue };
            let hours = fresh.hours.get_mut(&service);
            if let Some(hour) = hours.and_then(|hours| hours.get_mut(&row.start_at)) {
                hour.written = row.data.len();
            }
        }
        fresh.current = fresh.current.max(current);
        for hours in fresh.hours.values_mut() {
            hours.retain(|start, hour| *start >= current || hour.written < hour.bytes.len());
        }
        fresh.hours.retain(|_, hours| !hours.is_empty());
        for incident in incidents {
            if fresh.changed.get(&incident.id) == Some(incident) {
                fresh.changed.remove(&incident.id);
            }
        }
    }

    /// Every answer of a service from `from` on and before `to`, oldest first, at most `limit`.
    pub async fn samples(
        &self,
        service: &ServiceId,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Sample>> {
        let rows = self.rows(service, hour_of(from), to).await?;
        let samples = rows
            .iter()
            .filter(|row| row.tier == DETAIL)
            .flat_map(|row| sample::read(row.start_at, &row.data))
            .filter(|sample| sample.at >= from && sample.at < to);
        Ok(samples.take(limit).collect())
    }

    /// The hours or days of a service that began from `from` on and before `to`, oldest first.
    pub async fn periods(
        &self,
        service: &ServiceId,
        from: Timestamp,
        to: Timestamp,
        resolution: Resolution,
        now: Timestamp,
    ) -> Result<Vec<(Timestamp, Period)>> {
        let step = match resolution {
            Resolution::Hour => HOUR,
            Resolution::Day => DAY,
        };
        let first = from.as_microsecond() - from.as_microsecond().rem_euclid(step);
        let mut periods: BTreeMap<i64, Period> = BTreeMap::new();
        for row in self.rows(service, first, to).await? {
            let start = row.start_at - row.start_at.rem_euclid(step);
            periods.entry(start).or_default().merge(&row.period(now.as_microsecond()));
        }
        let timed = periods
            .into_iter()
            .filter_map(|(start, period)| Some((Timestamp::from_microsecond(start).ok()?, period)));
        Ok(timed.collect())
    }

    /// The incidents of a service that had not ended at `from`, newest first; the newest ones, if there
    /// are very many.
    pub async fn incidents(&self, service: &ServiceId, from: Timestamp) -> Result<Vec<Incident>> {
        let stored = self.store.incidents(service, from.as_microsecond(), MOST_INCIDENTS).await?;
        let mut all: HashMap<String, Incident> =
            stored.into_iter().map(|incident| (incident.id.clone(), incident)).collect();
        {
            let fresh = self.fresh.lock().expect("no holder panics");
            let own = fresh.changed.values().filter(|incident| incident.service == *service);
            all.extend(own.map(|incident| (incident.id.clone(), incident.clone())));
        }
        let mut all: Vec<_> = all.into_values().collect();
        all.sort_by_key(|incident| std::cmp::Reverse(incident.since));
        Ok(all)
    }

    /// The incidents of a service that are not written yet.
    #[cfg(test)]
    pub(super) fn incidents_now(&self, service: &ServiceId) -> Vec<Incident> {
        let fresh = self.fresh.lock().expect("no holder panics");
        fresh.changed.values().filter(|incident| incident.service == *service).cloned().collect()
    }

    /// What is known of a service, with what is not written yet over what is.
    async fn rows(&self, service: &ServiceId, from: i64, to: Timestamp) -> Result<Vec<Row>> {
        let to = to.as_microsecond();
        let stored = self.store.rows(service, from, to).await?;
        let mut rows: BTreeMap<(i64, i64), Row> =
            stored.into_iter().map(|row| ((row.start_at, row.tier), row)).collect();
        let fresh = self.fresh.lock().expect("no holder panics");
        for (start, hour) in fresh.hours.get(service).into_iter().flatten() {
            if (from..to).contains(start) {
                rows.insert((*start, DETAIL), row_of(service, *start, hour));
            }
        }
        Ok(rows.into_values().collect())
    }
}

fn row_of(service: &ServiceId, start_at: i64, hour: &Hour) -> Row {
    let service_id = service.to_string();
    Row { service_id, tier: DETAIL, start_at, data: hour.bytes.clone() }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}
