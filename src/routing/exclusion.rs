//! Why a permitted service does not get a run: small while a route is chosen, words when somebody reads.

use std::time::Duration;

use super::Misfit;
use crate::{
    domain::{Lack, Needs, ServiceId},
    registry::{Listing, Mode, Reach},
};

/// A permitted service that does not get the run.
#[derive(Debug, Clone, Copy)]
pub struct Excluded<'a> {
    /// The service.
    pub listing: &'a Listing,
    /// Why it does not get the run.
    pub why: Exclusion<'a>,
}

/// Why a permitted service does not get a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exclusion<'a> {
    /// It could never take it.
    Misfit(Misfit),
    /// It wants a credential of the caller, who has none that it can be shown.
    Credential,
    /// It was not asked yet what it offers.
    NotAsked,
    /// It answers, but cannot be used.
    Unusable,
    /// It does not answer.
    Unreachable,
    /// It takes no runs at the moment, as it says itself.
    Closed,
    /// Its operator gives it no runs.
    Mode(Mode),
    /// It failed too often, and is left alone for a while.
    CircuitOpen(Option<Duration>),
    /// It failed too often, and one call finds out whether it is back.
    CircuitHalfOpen,
    /// A service without which it cannot work is down.
    Dependency(&'a ServiceId),
}

impl Exclusion<'_> {
    /// Whether the reason may pass by itself: the request is right, and a later moment may do.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::Misfit(_) | Self::Credential)
    }

    /// How much a caller learns from it: what may pass tells most, then what came closest.
    fn tells(&self) -> Option<Misfit> {
        match self {
            Self::Misfit(misfit) => Some(*misfit),
            _ => None,
        }
    }
}

impl Excluded<'_> {
    /// The reason, in words for people.
    pub fn words(&self, needs: &Needs) -> String {
        let record = self.listing.record();
        let why = match self.listing.reach() {
            Reach::Unusable { why } | Reach::Unreachable { why } => why.as_str(),
            Reach::Unknown | Reach::Usable => "no reason is known",
        };
        let noted = |words: &str| match record.mode_note.as_str() {
            "" => words.to_owned(),
            note => format!("{words}: {note}"),
        };
        match self.why {
            Exclusion::Misfit(misfit) => misfit.words(needs, self.listing.offer()),
            Exclusion::Credential => {
                let id = self.listing.id();
                needs.lack(id).unwrap_or(&Lack::Missing).words(id)
            }
            Exclusion::NotAsked => "it was not asked yet what it offers".to_owned(),
            Exclusion::Unusable => format!("it answers, but cannot be used: {why}"),
            Exclusion::Unreachable => format!("it does not answer: {why}"),
            Exclusion::Closed => {
                let closed = self.listing.offer().and_then(|offer| offer.closed.as_deref());
                format!("it takes no runs: {}", closed.unwrap_or("it is closed"))
            }
            Exclusion::Mode(Mode::Active) => noted("it gets no runs"),
            Exclusion::Mode(Mode::Draining) => noted("its operator lets it run empty"),
            Exclusion::Mode(Mode::Maintenance) => noted("its operator has it under maintenance"),
            Exclusion::CircuitOpen(Some(retry_in)) => format!(
                "it failed too often, and is left alone for another {} s",
                retry_in.as_secs().max(1)
            ),
            Exclusion::CircuitOpen(None) => "it failed too often, and is left alone".to_owned(),
            Exclusion::CircuitHalfOpen => {
                "it failed too often, and is being tried whether it is back".to_owned()
            }
            Exclusion::Dependency(on) => format!("it cannot work without `{on}`, which is down"),
        }
    }
}

/// The reasons of at most `limit` services, those first that tell a caller most, in words.
pub fn told(excluded: &[Excluded<'_>], needs: &Needs, limit: usize) -> Vec<(ServiceId, String)> {
    let mut order: Vec<_> = excluded.iter().collect();
    if order.len() > limit {
        // Stable, and so by id among those that tell the same. `None`, which passes, comes first.
        order.sort_by_key(|excluded| excluded.why.tells().map(std::cmp::Reverse));
        order.truncate(limit);
    }
    order.iter().map(|one| (one.listing.id().clone(), one.words(needs))).collect()
}
