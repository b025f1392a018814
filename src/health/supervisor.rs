//! Gives every service a watch of its own, as services come and go, and writes the history down.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Health, Result};
use crate::{domain::ServiceId, vitals::Vitals};

/// How long after the time-out of a probe the first sweep is left to itself.
const GRACE: Duration = Duration::from_secs(1);

/// The watch over one service.
struct Watched {
    /// Another server under the same id has others.
    vitals: Arc<Vitals>,
    end: CancellationToken,
}

impl Health {
    /// Asks all services once, for a bounded time, then lets each be asked on its own until `shutdown`.
    pub async fn start(self: &Arc<Self>, shutdown: &CancellationToken) -> Result<()> {
        self.history.resume(self.now()).await?;
        let fleet = self.parts.registry.snapshot();
        self.history.end_those_without(|service| fleet.get(service).is_some(), self.now());
        let bound = self.parts.config.timeout + GRACE;
        if tokio::time::timeout(bound, self.sweep()).await.is_err() {
            warn!("not every service was asked before the start");
        }
        self.tracker.spawn(self.clone().supervise(shutdown.clone()));
        self.tracker.spawn(self.clone().keep(shutdown.clone()));
        Ok(())
    }

    /// Asks all services once, side by side.
    pub async fn sweep(self: &Arc<Self>) {
        let fleet = self.parts.registry.snapshot();
        let probes: Vec<_> = fleet
            .services()
            .map(|listing| {
                let (health, id) = (self.clone(), listing.id().clone());
                self.tracker.spawn(async move { health.probe_now(&id).await })
            })
            .collect();
        for probe in probes {
            if let Err(error) = probe.await {
                warn!("a probe broke off: {error}");
            }
        }
    }

    /// Keeps a watch over every service that takes part.
    pub(super) async fn supervise(self: Arc<Self>, shutdown: CancellationToken) {
        let mut changes = self.parts.registry.records_changed();
        let mut watched: HashMap<ServiceId, Watched> = HashMap::new();
        loop {
            changes.mark_unchanged();
            self.follow(&mut watched, &shutdown);
            tokio::select! {
                () = shutdown.cancelled() => return,
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    }

    fn follow(
        self: &Arc<Self>,
        watched: &mut HashMap<ServiceId, Watched>,
        shutdown: &CancellationToken,
    ) {
        let fleet = self.parts.registry.snapshot();
        watched.retain(|id, known| {
            let same = fleet.get(id).map(|listing| Arc::ptr_eq(listing.vitals(), &known.vitals));
            if same != Some(true) {
                known.end.cancel();
            }
            if same.is_none() {
                self.forget(id);
            }
            same == Some(true)
        });
        for listing in fleet.services() {
            let id = listing.id().clone();
            if watched.contains_key(&id) {
                // Its mode may be another.
                self.tell(&id);
                continue;
            }
            let (vitals, end) = (listing.vitals().clone(), shutdown.child_token());
            let watch = self.clone().watch(id.clone(), vitals.phases(), end.clone());
            self.tracker.spawn(watch);
            watched.insert(id, Watched { vitals, end });
        }
    }

    /// Writes the history down at intervals, and at the end.
    async fn keep(self: Arc<Self>, shutdown: CancellationToken) {
        let mut going_on = true;
        while going_on {
            tokio::select! {
                () = tokio::time::sleep(self.parts.config.write_interval) => {}
                () = shutdown.cancelled() => going_on = false,
            }
            if let Err(error) = self.history.write(self.now()).await {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                warn!("the history is not written: {}", cause.unwrap_or_default());
            }
        }
    }
}
