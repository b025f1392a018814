//! The numbers of limits.

use prometheus::{IntCounterVec, IntGauge, IntGaugeVec, Registry};

use super::metrics::{counters, gauges};

/// What limits decide, and how places are held.
#[derive(Debug)]
pub(super) struct LimitNumbers {
    pub(super) decisions: IntCounterVec,
    pub(super) places: IntGaugeVec,
    pub(super) shared: IntGauge,
}

impl LimitNumbers {
    pub(super) fn new(registry: &Registry) -> Self {
        let numbers = Self {
            decisions: counters(
                "limit_decisions_total",
                "Requests that a limit allowed or refused.",
                &["policy", "outcome"],
            ),
            places: gauges(
                "submission_places",
                "Places for submissions that are held, and submissions that wait for one.",
                &["state"],
            ),
            shared: IntGauge::new(
                "ga4gh_gateway_limits_shared",
                "Whether the replicas share their limits: Redis is configured, and answers.",
            )
            .expect("the name is a literal that fits"),
        };
        let registered = registry
            .register(Box::new(numbers.decisions.clone()))
            .and_then(|()| registry.register(Box::new(numbers.places.clone())))
            .and_then(|()| registry.register(Box::new(numbers.shared.clone())));
        registered.expect("each name is registered once");
        numbers
    }
}
