//! Asks every service, side by side, what it offers and whether it can be used, and publishes the answer.
//!
//! Nothing here is on the way of a request: routing reads what was published last.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use crate::{
    backend::{self, Backend},
    domain::{Clock, Offer, ServiceId},
    registry::{Reach, Registry},
    vault::Vault,
};

/// How often services are asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long between two questions to a service that can be used.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
    /// How long between two questions to one that cannot. Shorter notices sooner that it is back.
    #[serde(with = "humantime_serde")]
    pub retry_interval: Duration,
    /// How long a service may take to answer. Longer forgives slow sites and notices dead ones later.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(60),
            retry_interval: Duration::from_secs(10),
            timeout: Duration::from_secs(10),
        }
    }
}

/// Asks one service again and again.
#[derive(Debug, Clone)]
pub struct Prober {
    config: Config,
    id: ServiceId,
    backend: Arc<dyn Backend>,
    registry: Arc<Registry>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
}

impl Prober {
    /// A prober of one service.
    pub fn new(
        config: Config,
        id: ServiceId,
        backend: Arc<dyn Backend>,
        registry: Arc<Registry>,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { config, id, backend, registry, vault, clock }
    }

    /// Asks once and publishes the answer. Says whether the service can be used.
    pub async fn probe(&self) -> bool {
        let credential = self.vault.service_credential(&self.id);
        let answer = tokio::time::timeout(self.config.timeout, self.backend.describe(&credential));
        let (reach, offer) = match answer.await {
            Ok(answer) => judge(answer),
            Err(_) => {
                let why = format!("no answer within {:?}", self.config.timeout);
                (Reach::Unreachable { why }, None)
            }
        };
        let usable = matches!(reach, Reach::Usable);
        let told = format!("{reach:?}");
        if self.registry.publish(&self.id, reach, offer, self.clock.now()) {
            if usable {
                info!(service.id = %self.id, "service {} can be used", self.id);
            } else {
                warn!(service.id = %self.id, "service {} cannot be used: {told}", self.id);
            }
        }
        usable
    }

    /// Asks until `shutdown`. Every wait differs a little, so that services are not asked in step.
    pub async fn run(self, shutdown: CancellationToken) {
        loop {
            let usable = tokio::select! {
                usable = self.probe() => usable,
                () = shutdown.cancelled() => return,
            };
            let wait = if usable { self.config.interval } else { self.config.retry_interval };
            let wait = wait.mul_f64(0.9 + 0.2 * fastrand::f64());
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }
}

/// Asks all services once, side by side, then lets each be asked on its own until `shutdown`.
pub async fn start(probers: Vec<Prober>, tracker: &TaskTracker, shutdown: &CancellationToken) {
    let first = probers.iter().map(Prober::probe);
    futures_util::future::join_all(first).await;
    for prober in probers {
        tracker.spawn(prober.run(shutdown.clone()));
    }
}

/// What an answer says about a service. A refused credential is no outage, and an outage no bad
/// credential.
fn judge(answer: backend::Result<Offer>) -> (Reach, Option<Offer>) {
    use backend::Error as E;
    let error = match answer {
        Ok(offer) => return (Reach::Usable, Some(offer)),
        Err(error) => error,
    };
    let why = error.to_string();
    let reach = match error {
        E::Unavailable { .. } | E::Uncertain { .. } => Reach::Unreachable { why },
        E::Refused { .. }
        | E::Busy { .. }
        | E::Credential { .. }
        | E::UnknownRun
        | E::Gone(_)
        | E::Unsupported(_)
        | E::Malformed(_)
        | E::Input(_) => Reach::Unusable { why },
    };
    (reach, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_credential_is_no_outage() {
        let refused = backend::Error::Credential { message: "expired".to_owned() };

        assert!(matches!(judge(Err(refused)).0, Reach::Unusable { .. }));
        assert!(matches!(
            judge(Err(backend::Error::unavailable("x"))).0,
            Reach::Unreachable { .. }
        ));
        assert_eq!(judge(Ok(Offer::default())).0, Reach::Usable);
    }
}
