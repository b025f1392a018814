//! How a service that can take a run stands beside the others that can.

use std::time::Duration;

use crate::{
    registry::{Listing, Reach},
    vitals::Condition,
};

/// In which order services are asked, before anything else is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// It can take runs.
    Ready,
    /// Nobody knows yet whether it is up.
    Untried,
    /// It stands in for the service that the caller named.
    StandIn,
    /// Its weight is 0: only if nobody else can.
    Reserve,
    /// As many calls as it gets at a time are under way.
    Full,
}

/// What a service is ranked by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// What counts first.
    pub tier: Tier,
    /// Whether it stands in for the service that the caller named.
    pub stands_in: bool,
    /// The share that its operator gives it.
    pub weight: u32,
    /// Calls that are under way.
    pub in_flight: u32,
    /// Calls that it gets at a time.
    pub max_in_flight: u32,
    /// How long its answers take of late.
    pub latency: Option<Duration>,
    /// The part of late calls that went well.
    pub success_rate: Option<f32>,
    /// How often its circuit opened of late.
    pub trips: u32,
    /// How hard it is to get a run through there, from all of these but the weight: 1 for a service that
    /// is idle, quick and sound.
    pub burden: f32,
}

/// Answers that take less than this do not differ for somebody whose run takes hours.
const QUICK: Duration = Duration::from_millis(250);

/// What a full service is worse by than an idle one.
const FULL: f32 = 4.0;

impl Standing {
    /// How a service stands. `named` is for the one that the caller asked for, which needs no share.
    pub(super) fn of(
        listing: &Listing,
        condition: Condition,
        named: bool,
        stands_in: bool,
    ) -> Self {
        let weight = listing.service().weight;
        let tier = if !condition.has_place {
            Tier::Full
        } else if weight == 0 && !named {
            Tier::Reserve
        } else if stands_in {
            Tier::StandIn
        } else if matches!(listing.reach(), Reach::Unknown) {
            Tier::Untried
        } else {
            Tier::Ready
        };
        Self {
            tier,
            stands_in,
            weight,
            in_flight: condition.in_flight,
            max_in_flight: condition.max_in_flight,
            latency: condition.latency,
            success_rate: condition.success_rate,
            trips: condition.trips,
            burden: burden(&condition),
        }
    }

    /// What is compared after the tier: more is better.
    pub fn score(&self) -> f32 {
        self.share() as f32 / self.burden
    }

    /// What it weighs when services are drawn.
    pub(super) fn share(&self) -> u32 {
        self.weight.max(1)
    }

    /// Where it stands as one number, less being better. Scores that lie close together are as good as
    /// the same, so that the lot decides and not a millisecond.
    pub(super) fn rank(&self, lot: u32) -> u64 {
        const MIDDLE: f32 = 1024.0;
        let class = (MIDDLE - 2.0 * self.score().log2()).clamp(0.0, 2.0 * MIDDLE);
        (self.tier as u64) << 56 | (class as u64) << 32 | u64::from(lot)
    }

    /// Whether this one is so much easier to get through to that chance should not decide.
    pub(super) fn is_clearly_less_burdened_than(&self, other: &Self) -> bool {
        const CLEARLY: f32 = 0.7;
        self.burden < other.burden * CLEARLY
    }
}

fn burden(condition: &Condition) -> f32 {
    let fullness = condition.in_flight as f32 / condition.max_in_flight.max(1) as f32;
    let slowness =
        condition.latency.map_or(0.0, |latency| latency.as_secs_f32() / QUICK.as_secs_f32());
    let success = condition.success_rate.unwrap_or(1.0).clamp(0.05, 1.0);
    let flaps = 1.0 + condition.trips.min(100) as f32;
    (1.0 + FULL * fullness) * slowness.max(1.0) * flaps / (success * success)
}
