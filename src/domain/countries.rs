//! A set of countries: small, copied rather than shared, and asked in a nanosecond.

use std::fmt;

use super::Jurisdiction;

const WORDS: usize = Jurisdiction::COUNT.div_ceil(64);

/// A set of countries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Countries([u64; WORDS]);

impl Countries {
    /// No country at all.
    pub const NONE: Self = Self([0; WORDS]);

    /// Every country.
    pub const ALL: Self = Self([u64::MAX; WORDS]);

    /// Whether a country is in the set.
    pub fn contains(&self, country: Jurisdiction) -> bool {
        self.has(country.index())
    }

    /// Whether the country of an index is in the set.
    pub fn has(&self, index: u16) -> bool {
        let index = usize::from(index);
        self.0.get(index / 64).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    /// Adds a country.
    pub fn insert(&mut self, country: Jurisdiction) {
        let index = usize::from(country.index());
        self.0[index / 64] |= 1 << (index % 64);
    }

    /// The countries that are in one of both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }

    /// The countries that are in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & other.0[at]))
    }

    /// Whether all of these are among the others.
    pub fn are_within(&self, others: &Self) -> bool {
        self.and(*others) == *self
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// The countries, in the order of their letters.
    pub fn iter(&self) -> impl Iterator<Item = Jurisdiction> + '_ {
        Jurisdiction::all().filter(|country| self.contains(*country))
    }
}

impl FromIterator<Jurisdiction> for Countries {
    fn from_iter<I: IntoIterator<Item = Jurisdiction>>(countries: I) -> Self {
        let mut set = Self::NONE;
        countries.into_iter().for_each(|country| set.insert(country));
        set
    }
}

impl fmt::Display for Countries {
    /// `KE, ZA`; `no country`; `any country`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return f.write_str("any country");
        }
        if self.is_empty() {
            return f.write_str("no country");
        }
        for (position, country) in self.iter().enumerate() {
            write!(f, "{}{country}", if position == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Countries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &[&str]) -> Countries {
        words.iter().map(|word| word.parse::<Jurisdiction>().unwrap()).collect()
    }

    #[test]
    fn every_country_has_a_place_of_its_own() {
        assert_eq!(Jurisdiction::all().count(), Jurisdiction::COUNT);
        for (at, country) in Jurisdiction::all().enumerate() {
            assert_eq!(usize::from(country.index()), at);
            let alone = Countries::from_iter([country]);
            assert_eq!(alone.iter().collect::<Vec<_>>(), [country]);
            assert!(Countries::ALL.contains(country) && !Countries::NONE.contains(country));
        }
        assert!(!Countries::NONE.has(u16::MAX) && !Countries::ALL.has(u16::MAX));
    }

    #[test]
    fn sets_meet_and_join() {
        let (east, south) = (set(&["KE", "TZ"]), set(&["TZ", "ZA"]));

        assert_eq!(east.or(south), set(&["KE", "TZ", "ZA"]));
        assert_eq!(east.and(south), set(&["TZ"]));
        assert!(set(&["TZ"]).are_within(&east) && !east.are_within(&south));
        assert!(Countries::NONE.are_within(&east) && Countries::NONE.is_empty());
        assert!(!east.is_empty());
    }

    #[test]
    fn a_set_reads_as_its_countries() {
        for (words, text) in
            [(vec![], "no country"), (vec!["ZA", "KE"], "KE, ZA"), (vec!["ML"], "ML")]
        {
            assert_eq!(set(&words).to_string(), text);
        }
        assert_eq!(Countries::ALL.to_string(), "any country");
    }
}
