//! Two random choices: of two services that are drawn by weight, the one that is clearly less burdened.
//!
//! Taking the best one always would send every run of a moment to the same service, before its load
//! shows; taking one by chance alone would not look at load at all.

use fastrand::Rng;

use super::{Ranked, Tier};
use crate::domain::ServiceId;

/// What the dice said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Draw<'a> {
    /// How many services were in the draw.
    pub among: usize,
    /// The one that was drawn first, and its burden.
    pub first: (&'a ServiceId, f32),
    /// The one that was drawn second, and its burden.
    pub second: (&'a ServiceId, f32),
    /// Whether the second one was taken, since it is clearly less burdened.
    pub second_taken: bool,
}

/// Draws two of a tier by weight, and takes one: its position, and what the dice said if there was a
/// choice. The tier is not empty.
pub(super) fn draw<'a>(
    ranked: &[Ranked<'a>],
    tier: Tier,
    dice: &mut Rng,
) -> (usize, Option<Draw<'a>>) {
    let pool = || ranked.iter().enumerate().filter(|(_, one)| one.standing.tier == tier);
    let share = |one: &Ranked<'_>| u64::from(one.standing.share());
    let (among, total) =
        pool().fold((0, 0), |(among, total), (_, one)| (among + 1, total + share(one)));
    let first = pick(pool(), total, dice);
    if among < 2 {
        return (first, None);
    }
    let others = pool().filter(|(position, _)| *position != first);
    let second = pick(others, total - share(&ranked[first]), dice);

    let (a, b) = (&ranked[first], &ranked[second]);
    let second_taken = b.standing.is_clearly_less_burdened_than(&a.standing);
    let draw = Draw {
        among,
        first: (a.listing.id(), a.standing.burden),
        second: (b.listing.id(), b.standing.burden),
        second_taken,
    };
    (if second_taken { second } else { first }, Some(draw))
}

/// The position that a throw falls on, when everybody has a stretch as long as its share.
fn pick<'r, 'a: 'r>(
    pool: impl Iterator<Item = (usize, &'r Ranked<'a>)>,
    total: u64,
    dice: &mut Rng,
) -> usize {
    let mut throw = dice.u64(0..total.max(1));
    let mut last = 0;
    for (position, one) in pool {
        last = position;
        let share = u64::from(one.standing.share());
        if throw < share {
            break;
        }
        throw -= share;
    }
    last
}
