//! The law's place: an ISO 3166-1 alpha-2 country code.

use std::{fmt, str::FromStr};

/// A country, as two upper-case letters (ISO 3166-1 alpha-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Jurisdiction([u8; 2]);

impl Jurisdiction {
    /// How many pairs of letters there are.
    pub const COUNT: usize = 26 * 26;

    /// Every pair of letters, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (b'A'..=b'Z').flat_map(|first| (b'A'..=b'Z').map(move |second| Self([first, second])))
    }

    /// Its place among all pairs of letters.
    pub fn index(self) -> u16 {
        u16::from(self.0[0] - b'A') * 26 + u16::from(self.0[1] - b'A')
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("two ASCII letters, by construction")
    }
}

impl FromStr for Jurisdiction {
    type Err = NotAJurisdiction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            [a @ b'A'..=b'Z', b @ b'A'..=b'Z'] => Ok(Self([*a, *b])),
            _ => Err(NotAJurisdiction(text.chars().take(20).collect())),
        }
    }
}

impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not two upper-case letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a country code of two upper-case letters (ISO 3166-1 alpha-2)")]
pub struct NotAJurisdiction(String);
