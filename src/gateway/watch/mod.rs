//! Follows the placed runs of one service: one question for all of them, with back-off while nothing
//! changes, whoever and however many are asking the gateway.

mod credential;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{Gateway, Result, observe};
use crate::{
    backend::{self, Observed, Sighting},
    domain::{BackendRunId, CallerId, RunId, ServiceId},
    ga4gh::wes::State,
    ledger::{LiveRun, Seen},
};

/// Runs asked about in one round; more wait for the next one.
const ROUND: i64 = 5_000;

/// How often a service may answer without telling how a run went, before the gateway does without.
const DETAILS_TRIES: u32 = 20;

/// The services whose runs are being followed. A service without live runs costs nothing.
#[derive(Debug, Default)]
pub(super) struct Watches {
    /// Held for one look or change.
    by_service: Mutex<HashMap<ServiceId, Arc<Wake>>>,
}

#[derive(Debug, Default)]
struct Wake {
    notify: Notify,
    /// There is something that the last round may not have seen.
    pending: AtomicBool,
}

impl Watches {
    /// Tells the watch of a service that it has something to follow. If there is none, the answer is
    /// what a new one waits on.
    fn wake(&self, service: &ServiceId) -> Option<Arc<Wake>> {
        let mut watches = self.by_service.lock().expect("no holder panics");
        if let Some(wake) = watches.get(service) {
            wake.pending.store(true, Ordering::SeqCst);
            wake.notify.notify_one();
            return None;
        }
        let wake = Arc::new(Wake::default());
        wake.notify.notify_one();
        watches.insert(service.clone(), wake.clone());
        Some(wake)
    }

    /// Whether a watch that found nothing to follow may end. If not, it was woken meanwhile.
    fn end(&self, service: &ServiceId, wake: &Wake) -> bool {
        let mut watches = self.by_service.lock().expect("no holder panics");
        let ends = !wake.pending.load(Ordering::SeqCst);
        if ends {
            watches.remove(service);
        }
        ends
    }
}

impl Gateway {
    /// Follows the runs of a service from now on, soon.
    pub(super) fn wake(&self, service: &ServiceId) {
        let Some(shutdown) = self.shutdown.get() else { return };
        if let (Some(wake), Some(gateway)) = (self.watches.wake(service), self.this.upgrade()) {
            self.tracker.spawn(run(gateway, service.clone(), wake, shutdown.clone()));
        }
    }
}

/// Takes up the runs of the process before this one.
pub(super) async fn resume(gateway: Arc<Gateway>, shutdown: CancellationToken) {
    let config = &gateway.parts.config;
    let mut wait = config.poll_min;
    loop {
        match gateway.parts.ledger.services_with_live_runs().await {
            Ok(services) => return services.iter().for_each(|service| gateway.wake(service)),
            Err(error) => warn!("the runs to follow cannot be read: {error}"),
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(config.poll_max),
            () = shutdown.cancelled() => return,
        }
    }
}

/// Follows the runs of one service until it has none, or until `shutdown`.
async fn run(
    gateway: Arc<Gateway>,
    service: ServiceId,
    wake: Arc<Wake>,
    shutdown: CancellationToken,
) {
    let mut watch = Watch {
        gateway,
        service,
        unknown_since: HashMap::new(),
        untold: HashSet::new(),
        tries: HashMap::new(),
        told: HashMap::new(),
    };
    let config = watch.gateway.parts.config.clone();
    let mut wait = config.poll_min;
    loop {
        tokio::select! {
            () = woken(&wake) => wait = config.poll_min,
            () = tokio::time::sleep(wait) => {}
            () = shutdown.cancelled() => return,
        }
        wake.pending.store(false, Ordering::SeqCst);
        let round = tokio::select! {
            round = watch.round() => round,
            () = shutdown.cancelled() => return,
        };
        wait = match round {
            Ok(Round::Idle) if watch.gateway.watches.end(&watch.service, &wake) => return,
            Ok(Round::Idle | Round::Changed) => config.poll_min,
            Ok(Round::Same) => (wait * 2).min(config.poll_max),
            Err(error) => {
                warn!(service.id = %watch.service, "the runs of {} cannot be followed: {error}", watch.service);
                (wait * 2).min(config.poll_max)
            }
        };
    }
}

/// Returns when a run was placed; the moment is left to the service, which may not list it at once.
async fn woken(wake: &Wake) {
    wake.notify.notified().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// What one look at the runs of a service came to.
enum Round {
    /// There is nothing to follow.
    Idle,
    /// Something changed.
    Changed,
    /// Nothing changed.
    Same,
}

struct Watch {
    gateway: Arc<Gateway>,
    service: ServiceId,
    /// Since when the service says that it does not know a run which it took.
    unknown_since: HashMap<RunId, Instant>,
    /// Runs of which the service could not tell when it was asked last. They come after the others.
    untold: HashSet<RunId>,
    /// How often the details of an ended run were asked for in vain.
    tries: HashMap<RunId, u32>,
    /// The runs whose callers were told what to do about their credential, and what.
    told: HashMap<RunId, String>,
}

impl Watch {
    /// Asks about all live runs.
    async fn round(&mut self) -> Result<Round> {
        let live = self.live_runs().await?;
        if live.is_empty() {
            return Ok(Round::Idle);
        }
        self.unknown_since.retain(|run_id, _| live.iter().any(|run| run.run_id == *run_id));
        self.tries.retain(|run_id, _| live.iter().any(|run| run.run_id == *run_id));
        self.told.retain(|run_id, _| live.iter().any(|run| run.run_id == *run_id));
        let mut changed = false;
        let (ended, going): (Vec<_>, Vec<_>) =
            live.into_iter().partition(|run| run.state.is_terminal());
        for run in ended {
            changed |= self.settle(&run).await?;
        }
        // One question for each credential: runs that were sent with the gateway's have one together.
        let mut by_credential: BTreeMap<Option<CallerId>, Vec<LiveRun>> = BTreeMap::new();
        for run in going {
            let own = run.own_credential.then(|| run.caller_id.clone());
            by_credential.entry(own).or_default().push(run);
        }
        for (_, runs) in by_credential {
            changed |= self.ask(runs).await?;
        }
        Ok(if changed { Round::Changed } else { Round::Same })
    }

    /// The runs of this round. Those of which nothing could be told do not keep the others from their
    /// turn.
    async fn live_runs(&mut self) -> Result<Vec<LiveRun>> {
        let untold = i64::try_from(self.untold.len()).unwrap_or(i64::MAX);
        let limit = ROUND.saturating_add(untold);
        let mut live = self.gateway.parts.ledger.live_runs(&self.service, limit).await?;
        let there: HashSet<_> = live.iter().map(|run| run.run_id).collect();
        self.untold.retain(|run_id| there.contains(run_id));
        live.sort_by_key(|run| self.untold.contains(&run.run_id));
        live.truncate(usize::try_from(ROUND).unwrap_or(usize::MAX));
        Ok(live)
    }

    /// Asks about runs that were sent with one credential.
    async fn ask(&mut self, runs: Vec<LiveRun>) -> Result<bool> {
        let adapter = self.gateway.adapter(&self.service)?;
        let Some(first) = runs.first() else { return Ok(false) };
        let credential = match self.credential(first).await? {
            Ok(credential) => credential,
            Err(words) => {
                for run in &runs {
                    self.tell(run, &words).await?;
                }
                return Ok(false);
            }
        };
        let ids: Vec<BackendRunId> = runs.iter().map(|run| run.backend_run_id.clone()).collect();
        let sightings = match adapter.run_states(&credential, &ids).await {
            Ok(sightings) => sightings,
            Err(error) => {
                for run in &runs {
                    self.not_told(&run.run_id);
                }
                warn!(service.id = %self.service, "{adapter} told nothing about its runs: {}", error.kind());
                for run in &runs {
                    self.hear(run, Err(&error)).await?;
                }
                return Ok(false);
            }
        };
        let by_id: HashMap<_, _> = runs.iter().map(|run| (&run.backend_run_id, run)).collect();
        let mut changed = false;
        for Sighting { id, observed } in sightings {
            let Some(run) = by_id.get(&id) else { continue };
            self.hear(run, observed.as_ref().map(|_| ())).await?;
            changed |= match observed {
                Ok(observed) => self.see(run, &observed).await?,
                Err(backend::Error::UnknownRun) => self.miss(run).await?,
                // A credential, an outage or a page of HTML is never the state of a run.
                Err(error) => {
                    self.not_told(&run.run_id);
                    warn!(run.id = %run.run_id, service.id = %self.service, "no state: {}", error.kind());
                    false
                }
            };
        }
        Ok(changed)
    }

    /// While a service cannot tell of a run, nothing is known: not even that it did not know it before.
    fn not_told(&mut self, run_id: &RunId) {
        self.unknown_since.remove(run_id);
        self.untold.insert(*run_id);
    }

    async fn see(&mut self, run: &LiveRun, observed: &Observed) -> Result<bool> {
        self.unknown_since.remove(&run.run_id);
        self.untold.remove(&run.run_id);
        let now = self.gateway.parts.clock.now();
        // Read again: a wish to cancel may have come while the service was asked.
        let Some(entry) = self.gateway.parts.ledger.get(&run.run_id).await? else {
            return Ok(false);
        };
        let state = observe::next_state(entry.state, entry.cancel_asked_at, observed, now);
        let seen = Seen { state, word: observed.word.clone(), expired: observed.expired };
        let changed = self.gateway.parts.ledger.observe(&run.run_id, entry.state, &seen).await?;
        if changed {
            self.gateway.parts.metrics.run_transition(self.service.as_str(), state.as_str());
            info!(run.id = %run.run_id, service.id = %self.service, "run {} is {}", run.run_id, state.as_str());
        }
        // The service's own word for it may have changed alone.
        if changed && entry.state != state {
            self.gateway.announce(run.run_id, &run.caller_id, Some(&self.service), state);
        }
        self.repeat_cancel(run, observed).await;
        if state.is_terminal() {
            let ended = LiveRun { state, ..run.clone() };
            self.settle(&ended).await?;
        }
        Ok(changed)
    }

    /// A wish to cancel that did not get through when it was made is passed on again.
    async fn repeat_cancel(&self, run: &LiveRun, observed: &Observed) {
        let heard = matches!(observed.state, State::Canceling) || observed.state.is_terminal();
        if run.cancel_asked_at.is_none() || heard {
            return;
        }
        if let Ok(Ok(credential)) = self.credential(run).await
            && let Ok(adapter) = self.gateway.adapter(&self.service)
            && let Err(error) = adapter.cancel_run(&credential, &run.backend_run_id).await
        {
            warn!(run.id = %run.run_id, service.id = %self.service, "cancel did not get through: {}", error.kind());
        }
    }

    /// The service does not know a run which it took: given up once that has lasted.
    async fn miss(&mut self, run: &LiveRun) -> Result<bool> {
        let since = *self.unknown_since.entry(run.run_id).or_insert_with(Instant::now);
        if since.elapsed() < self.gateway.parts.config.lost_after
            || self.may_be_anothers(run).await?
        {
            return Ok(false);
        }
        let why = format!(
            "{} took the run and no longer knows it; submit it again if it is still wanted",
            self.service
        );
        self.gateway.parts.ledger.give_up(&run.run_id, &why).await?;
        let state = State::SystemError;
        self.gateway.announce(run.run_id, &run.caller_id, Some(&self.service), state);
        warn!(run.id = %run.run_id, service.id = %self.service, "run {} was lost by its service", run.run_id);
        Ok(true)
    }

    /// Reads everything about an ended run once more and keeps it, since services forget.
    async fn settle(&mut self, run: &LiveRun) -> Result<bool> {
        let adapter = self.gateway.adapter(&self.service)?;
        let credential = match self.credential(run).await? {
            Ok(credential) => credential,
            Err(words) => {
                self.tell(run, &words).await?;
                return Ok(false);
            }
        };
        let details = match adapter.run_details(&credential, &run.backend_run_id).await {
            Ok(details) => self.gateway.details_to_keep(&run.run_id, &details).await?,
            Err(error) if may_yet_tell(&error) => {
                self.hear(run, Err(&error)).await?;
                return Ok(false);
            }
            Err(error) => {
                let tries = self.tries.entry(run.run_id).or_default();
                *tries += 1;
                if *tries < DETAILS_TRIES {
                    return Ok(false);
                }
                let note =
                    format!("{} did not tell how the run went: {}", self.service, error.kind());
                self.gateway.parts.ledger.note(&run.run_id, &note).await?;
                None
            }
        };
        self.gateway.parts.ledger.settle(&run.run_id, details.as_deref()).await?;
        Ok(true)
    }
}

/// Whether a later question may bring the details: after an outage, or with a new credential. A service
/// that answers, and cannot, is asked only so often.
fn may_yet_tell(error: &backend::Error) -> bool {
    match error {
        // A time to ask again is also named by a circuit that keeps the question away.
        backend::Error::Unavailable { source, retry_after, .. } => {
            retry_after.is_some()
                || source.as_ref().is_some_and(backend::client::HttpError::is_transport)
        }
        backend::Error::Uncertain { .. }
        | backend::Error::Busy { .. }
        | backend::Error::Credential { .. } => true,
        backend::Error::Refused { .. }
        | backend::Error::UnknownRun
        | backend::Error::Gone(_)
        | backend::Error::Unsupported(_)
        | backend::Error::Malformed(_)
        | backend::Error::Input(_) => false,
    }
}
