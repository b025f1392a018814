//! One word for what a service is good for now.

use crate::{
    registry::{Listing, Mode, Reach},
    vitals::CircuitState,
};

/// Every word.
pub const STANDINGS: [&str; 6] =
    ["usable", "unusable", "unreachable", "unknown", "draining", "maintenance"];

/// What its operator decided counts first, then what it says itself, then whether it answers.
pub(super) fn standing(listing: &Listing) -> &'static str {
    match listing.record().mode {
        Mode::Draining => return "draining",
        Mode::Maintenance => return "maintenance",
        Mode::Active => {}
    }
    match listing.reach() {
        Reach::Usable if listing.offer().is_some_and(|offer| offer.closed.is_some()) => {
            "maintenance"
        }
        Reach::Usable => "usable",
        Reach::Unusable { .. } => "unusable",
        Reach::Unreachable { .. } => "unreachable",
        Reach::Unknown => "unknown",
    }
}

/// Whether it gets runs now: it is usable, and its circuit lets calls through.
pub(super) fn is_available(listing: &Listing) -> bool {
    standing(listing) == "usable" && listing.vitals().condition().circuit == CircuitState::Closed
}

/// Why it is not usable, in words for people.
pub(super) fn why_not(listing: &Listing) -> Option<&str> {
    let note = &listing.record().mode_note;
    match (listing.record().mode, listing.reach()) {
        (Mode::Draining | Mode::Maintenance, _) => {
            Some(note.as_str()).filter(|note| !note.is_empty())
        }
        (Mode::Active, Reach::Unusable { why } | Reach::Unreachable { why }) => Some(why),
        (Mode::Active, Reach::Usable) => listing.offer().and_then(|offer| offer.closed.as_deref()),
        (Mode::Active, Reach::Unknown) => None,
    }
}
