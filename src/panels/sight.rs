//! Takes down what services were seen to offer. Nothing is written while nothing changes, but a time now
//! and then.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Panels, Result, Shelf, Shelves, TermsRecord, shelf::Shared, stored};
use crate::{
    database::Database,
    domain::{ReferencePanel, ServiceId},
    on_pool,
};

/// How old the time of the last sighting may be in the database. After a crash it is off by as much.
const WRITE_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// What a service told.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// Which service.
    pub service: &'a ServiceId,
    /// Everything that it offers. Nothing, if it has left the federation.
    pub panels: &'a [ReferencePanel],
    /// When it told so.
    pub at: Timestamp,
}

/// A shelf that goes into the database: whole, or its time alone.
enum Write {
    Whole(ServiceId, Arc<Shelf>),
    Time(ServiceId, Timestamp),
}

impl Panels {
    /// Takes down what services were seen to offer, in one transaction. Says for how many of them something
    /// changed. Only one caller at a time; a batch that fails may be brought again.
    pub async fn sight(&self, sightings: &[Sighting<'_>]) -> Result<usize> {
        let before = self.shelves();
        let mut shared = Shared::default();
        let (mut shelves, mut writes, mut changed) = (Vec::new(), Vec::new(), 0);
        for sighting in sightings {
            let old = before.service(sighting.service);
            let shelf = Shelf::after(old, sighting.panels, sighting.at, &mut shared);
            if old.is_none() && shelf.is_empty() {
                continue;
            }
            let (id, shelf) = (sighting.service.clone(), Arc::new(shelf));
            if !old.is_some_and(|old| shelf.is_like(old)) {
                changed += 1;
                writes.push(Write::Whole(id.clone(), shelf.clone()));
            } else if self.is_due(&id, &shelf) {
                writes.push(Write::Time(id.clone(), shelf.seen_at));
            }
            shelves.push((id, shelf));
        }
        self.write(&writes).await?;
        self.change(|current| {
            let mut next = current.clone();
            for (id, shelf) in shelves {
                next.shelves.insert_mut(id, shelf);
            }
            next
        });
        Ok(changed)
    }

    /// Forgets the panels that went before a time.
    pub async fn forget(&self, before: Timestamp) -> Result<()> {
        let shelves = self.shelves();
        let shrunk: Vec<_> = shelves
            .services()
            .filter_map(|(id, shelf)| Some((id.clone(), Arc::new(shelf.without(before)?))))
            .collect();
        let writes: Vec<_> =
            shrunk.iter().map(|(id, shelf)| Write::Whole(id.clone(), shelf.clone())).collect();
        self.write(&writes).await?;
        self.change(|current| {
            let mut next = current.clone();
            for (id, shelf) in shrunk {
                if shelf.is_empty() {
                    next.shelves.remove_mut(&id);
                } else {
                    next.shelves.insert_mut(id, shelf);
                }
            }
            next
        });
        Ok(())
    }

    fn is_due(&self, id: &ServiceId, shelf: &Shelf) -> bool {
        let written = self.written.lock().expect("no holder panics");
        written.get(id).is_none_or(|at| shelf.newer_by(*at) >= WRITE_EVERY)
    }

    async fn write(&self, writes: &[Write]) -> Result<()> {
        const WHOLE: &str = "INSERT INTO panel_holdings (service_id, seen_at, holdings) \
             VALUES ($1, $2, $3) ON CONFLICT (service_id) DO UPDATE SET \
             seen_at = excluded.seen_at, holdings = excluded.holdings";
        const TIME: &str = "UPDATE panel_holdings SET seen_at = $2 WHERE service_id = $1";
        const GONE: &str = "DELETE FROM panel_holdings WHERE service_id = $1";
        if writes.is_empty() {
            return Ok(());
        }
        on_pool!(write &self.database, pool => {
            let mut batch = pool.begin().await?;
            for write in writes {
                let query = match write {
                    Write::Whole(id, shelf) if shelf.is_empty() => sqlx::query(GONE).bind(id.as_str()),
                    Write::Whole(id, shelf) => sqlx::query(WHOLE)
                        .bind(id.as_str())
                        .bind(shelf.seen_at.as_microsecond())
                        .bind(stored::holdings_text(shelf)),
                    Write::Time(id, at) => {
                        sqlx::query(TIME).bind(id.as_str()).bind(at.as_microsecond())
                    }
                };
                query.execute(&mut *batch).await?;
            }
            batch.commit().await?;
        });
        let mut written = self.written.lock().expect("no holder panics");
        for write in writes {
            match write {
                Write::Whole(id, shelf) if shelf.is_empty() => written.remove(id),
                Write::Whole(id, shelf) => written.insert(id.clone(), shelf.seen_at),
                Write::Time(id, at) => written.insert(id.clone(), *at),
            };
        }
        Ok(())
    }
}

/// Reads everything that is stored.
pub(super) async fn load(database: &Database) -> Result<Shelves> {
    const HOLDINGS: &str = "SELECT service_id, seen_at, holdings FROM panel_holdings";
    const TERMS: &str = "SELECT panel_id, version, terms, updated_by, updated_at FROM panel_terms";
    let holdings: Vec<(String, i64, String)> = on_pool!(read database, pool => {
        sqlx::query_as(HOLDINGS).fetch_all(pool).await?
    });
    let terms: Vec<(String, i64, String, String, i64)> = on_pool!(read database, pool => {
        sqlx::query_as(TERMS).fetch_all(pool).await?
    });
    let (mut shelves, mut shared) = (Shelves::default(), Shared::default());
    for (id, seen_at, text) in holdings {
        let id = id.parse().map_err(stored::unreadable)?;
        let shelf = stored::shelf(seen_at, &text, &mut shared)?;
        shelves.shelves.insert_mut(id, Arc::new(shelf));
    }
    for (id, version, text, updated_by, updated_at) in terms {
        let record = TermsRecord {
            terms: stored::terms(&text)?,
            version,
            updated_by,
            updated_at: stored::time(updated_at)?,
        };
        shelves = shelves.with_terms(id.parse().map_err(stored::unreadable)?, Arc::new(record));
    }
    Ok(shelves)
}
