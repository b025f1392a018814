//! Counts what a new master key takes over.

use super::Sealer;

/// What a new master key took over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rewrapped {
    /// Sealed texts that were looked at.
    pub seen: usize,
    /// Those that were taken over; the others were under the current key already.
    pub changed: usize,
    /// Those that no key opens. They stay as they are.
    pub unopened: usize,
}

impl Rewrapped {
    /// The text under the current master key, if it is to be written; counts what it is.
    pub fn count(&mut self, sealer: &Sealer, record: &str, sealed: &str) -> Option<String> {
        self.seen += 1;
        match sealer.rewrap(record, sealed) {
            Ok(Some(rewrapped)) => {
                self.changed += 1;
                Some(rewrapped)
            }
            Ok(None) => None,
            Err(_) => {
                self.unopened += 1;
                None
            }
        }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            seen: self.seen + other.seen,
            changed: self.changed + other.changed,
            unopened: self.unopened + other.unopened,
        }
    }
}
