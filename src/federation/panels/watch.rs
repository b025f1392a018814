//! Takes down what services were found to offer, a while after it was found.
//!
//! A look compares two snapshots by address, so it costs next to nothing while nothing changes.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::PanelsConfig;
use crate::{
    domain::Clock,
    panels::{Panels, Result, Sighting},
    registry::{Listing, Registry, Snapshot},
};

/// Services that are written down in one transaction, so that no other writer waits long.
const BATCH: usize = 200;

/// How often it is looked for what can be forgotten.
const TIDY_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Keeps the catalogue up to date.
#[derive(Debug)]
pub struct PanelWatch {
    config: PanelsConfig,
    panels: Arc<Panels>,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    /// What was taken down last. It is kept, so that an address in it belongs to nothing else.
    taken_down: Option<Arc<Snapshot>>,
    tidied_at: Option<Timestamp>,
}

impl PanelWatch {
    /// A watch over a catalogue.
    pub fn new(
        config: PanelsConfig,
        panels: Arc<Panels>,
        registry: Arc<Registry>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { config, panels, registry, clock, taken_down: None, tidied_at: None }
    }

    /// Looks again and again until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        loop {
            // A transaction that has begun is not cut off.
            self.look_and_tell().await;
            tokio::select! {
                () = tokio::time::sleep(self.config.interval.max(Duration::from_millis(10))) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    async fn look_and_tell(&mut self) {
        match self.look().await {
            Ok(0) => {}
            Ok(changed) => info!("{changed} services offer other reference panels than before"),
            Err(error) => warn!("the catalogue of panels falls behind: {error}"),
        }
    }

    /// Takes down what changed since the last look. Says for how many services. What could not be written
    /// is brought again by the next look.
    pub async fn look(&mut self) -> Result<usize> {
        let fleet = self.registry.snapshot();
        if self.taken_down.as_ref().is_none_or(|last| !Arc::ptr_eq(last, &fleet)) {
            let changed = self.take_down(&fleet).await?;
            self.taken_down = Some(fleet);
            self.tidy().await?;
            return Ok(changed);
        }
        self.tidy().await?;
        Ok(0)
    }

    async fn take_down(&self, fleet: &Snapshot) -> Result<usize> {
        let last = self.taken_down.as_deref();
        let told = fleet.services().filter_map(|listing| {
            let before = last.and_then(|last| last.get(listing.id()));
            sighting(before, listing)
        });
        let shelves = self.panels.shelves();
        let now = self.clock.now();
        let left = shelves.services().filter(|(id, shelf)| {
            fleet.get(id).is_none() && shelf.holdings.iter().any(|held| held.gone.is_none())
        });
        let left = left.map(|(service, _)| Sighting { service, panels: &[], at: now });
        let sightings: Vec<_> = told.chain(left).collect();
        let mut changed = 0;
        for batch in sightings.chunks(BATCH) {
            changed += self.panels.sight(batch).await?;
        }
        Ok(changed)
    }

    async fn tidy(&mut self) -> Result<()> {
        let now = self.clock.now();
        if self.tidied_at.is_some_and(|at| now.duration_since(at) < TIDY_EVERY) {
            return Ok(());
        }
        let kept =
            SignedDuration::try_from(self.config.forget_after).unwrap_or(SignedDuration::MAX);
        if let Ok(before) = now.checked_sub(kept) {
            self.panels.forget(before).await?;
        }
        self.tidied_at = Some(now);
        Ok(())
    }
}

/// What a service told since it was looked at last. An offer of before is told by nobody, and a closed
/// service may not be able to tell its panels.
fn sighting<'a>(before: Option<&Listing>, listing: &'a Listing) -> Option<Sighting<'a>> {
    let offer = listing.offer()?;
    let is_old = before.and_then(Listing::offer).is_some_and(|before| std::ptr::eq(before, offer));
    if is_old || offer.closed.is_some() {
        return None;
    }
    let at = listing.checked_at()?;
    Some(Sighting { service: listing.id(), panels: &offer.panels, at })
}
