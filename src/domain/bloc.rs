//! Blocs: countries that agreed on something, by a name.
//!
//! A bloc moves no data by itself; a transfer basis may speak of one instead of a list of countries.

use std::collections::BTreeMap;

use super::{Countries, Jurisdiction};

/// What begins the name of a bloc where a country could stand: `AU` is Australia, `bloc:AU` the African
/// Union.
const PREFIX: &str = "bloc:";

/// The blocs that everybody knows, as of 2026.
const KNOWN: [(&str, &str); 6] = [
    (
        "AU",
        "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY MA MG \
         ML MR MU MW MZ NA NE NG RW SC SD SL SN SO SS ST SZ TD TG TN TZ UG ZA ZM ZW",
    ),
    ("EAC", "BI CD KE RW SO SS TZ UG"),
    ("ECOWAS", "BJ CI CV GH GM GN GW LR NG SL SN TG"),
    (
        "EEA",
        "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK",
    ),
    ("EU", "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"),
    ("SADC", "AO BW CD KM LS MG MU MW MZ NA SC SZ TZ ZA ZM ZW"),
];

/// All blocs with their members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocs(BTreeMap<String, Countries>);

impl Default for Blocs {
    /// The African Union, the East African Community, ECOWAS, the European Economic Area, the European
    /// Union and the Southern African Development Community.
    fn default() -> Self {
        let read = |list: &str| {
            list.split_ascii_whitespace()
                .filter_map(|word| word.parse::<Jurisdiction>().ok())
                .collect()
        };
        Self(KNOWN.iter().map(|(name, list)| ((*name).to_owned(), read(list))).collect())
    }
}

impl Blocs {
    /// Adds a bloc, or gives one other members.
    pub fn set(&mut self, name: &str, members: Countries) {
        self.0.insert(name.to_owned(), members);
    }

    /// The blocs that a country belongs to.
    pub fn of(&self, country: Jurisdiction) -> impl Iterator<Item = &str> {
        let members = self.0.iter().filter(move |(_, members)| members.contains(country));
        members.map(|(name, _)| name.as_str())
    }

    /// The countries that a word means: `KE`, or `bloc:EAC`.
    pub fn read(&self, word: &str) -> Result<Countries, NotAPlace> {
        let Some(name) = word.strip_prefix(PREFIX) else {
            let country = word.parse::<Jurisdiction>();
            return country.map(|one| Countries::from_iter([one])).map_err(|_| NotAPlace::of(word));
        };
        self.0.get(name).copied().ok_or_else(|| NotAPlace::of(word))
    }

    /// The countries that some words mean together.
    pub fn read_all<'a>(
        &self,
        words: impl IntoIterator<Item = &'a String>,
    ) -> Result<Countries, NotAPlace> {
        let mut all = Countries::NONE;
        for word in words {
            all = all.or(self.read(word)?);
        }
        Ok(all)
    }
}

/// The text names neither a country nor a bloc.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is neither a country (two upper-case letters, ISO 3166-1) nor a known bloc (`bloc:EU`)"
)]
pub struct NotAPlace(String);

impl NotAPlace {
    fn of(word: &str) -> Self {
        Self(word.chars().take(40).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bloc_is_never_taken_for_a_country() {
        let blocs = Blocs::default();
        let australia = blocs.read("AU").unwrap();
        let union = blocs.read("bloc:AU").unwrap();

        assert_eq!(australia.to_string(), "AU");
        assert_eq!(union.iter().count(), 55);
        assert!(!union.contains("AU".parse().unwrap()));
    }

    #[test]
    fn blocs_have_the_members_that_they_have() {
        let blocs = Blocs::default();
        for (name, members) in [("EAC", 8), ("ECOWAS", 12), ("EEA", 30), ("EU", 27), ("SADC", 16)] {
            assert_eq!(
                blocs.read(&format!("bloc:{name}")).unwrap().iter().count(),
                members,
                "{name}"
            );
        }
        let of_tanzania: Vec<_> = blocs.of("TZ".parse().unwrap()).collect();
        assert_eq!(of_tanzania, ["AU", "EAC", "SADC"]);
    }

    #[test]
    fn a_bloc_can_be_added_and_an_unknown_one_is_told() {
        let mut blocs = Blocs::default();
        blocs.set("H3A", "KE ZA".split(' ').map(|word| word.parse().unwrap()).collect());

        let words = ["bloc:H3A".to_owned(), "ML".to_owned()];
        assert_eq!(blocs.read_all(&words).unwrap().to_string(), "KE, ML, ZA");
        for word in ["bloc:XY", "bloc:", "ke", "", "EAC"] {
            assert!(blocs.read(word).is_err(), "{word}");
        }
    }
}
