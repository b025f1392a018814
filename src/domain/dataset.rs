//! Data as their steward describes them: where they come from, who may have them, and for what.

use std::{collections::BTreeSet, fmt, str::FromStr, sync::Arc};

use jiff::Timestamp;

use super::Countries;

/// What a dataset is called: letters, digits and `.`, `_`, `-`, at most 100. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatasetId(Arc<str>);

impl DatasetId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatasetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DatasetId {
    type Err = NotADatasetId;

    fn from_str(text: &str) -> Result<Self, NotADatasetId> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let plain = (1..=100).contains(&text.len()) && text.chars().all(fits);
        if plain && !text.starts_with('.') { Ok(Self(text.into())) } else { Err(NotADatasetId) }
    }
}

/// The text is not the id of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a dataset is 1 to 100 letters, digits, `.`, `_` or `-`, and begins with no `.`")]
pub struct NotADatasetId;

/// A term of an ontology, as `DUO:0000042`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Term(Box<str>);

impl Term {
    /// The term as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is one of the Data Use Ontology.
    pub fn is_duo(&self) -> bool {
        self.0.strip_prefix("DUO:").is_some_and(|digits| {
            digits.len() == 7 && digits.bytes().all(|digit| digit.is_ascii_digit())
        })
    }
}

impl FromStr for Term {
    type Err = NotATerm;

    fn from_str(text: &str) -> Result<Self, NotATerm> {
        let (ontology, id) = text.split_once(':').ok_or(NotATerm)?;
        let fits = |part: &str, longest: usize| {
            (1..=longest).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        if !fits(ontology, 20) || !fits(id, 40) {
            return Err(NotATerm);
        }
        let term = Self(format!("{}:{id}", ontology.to_ascii_uppercase()).into());
        if term.0.starts_with("DUO:") && !term.is_duo() { Err(NotATerm) } else { Ok(term) }
    }
}

/// The text is not a term of an ontology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a term is an ontology and an id, such as `DUO:0000042` (seven digits) or `MONDO:0005148`")]
pub struct NotATerm;

/// Who may have data at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DataClass {
    /// Everybody.
    Open,
    /// Whoever said who they are.
    Registered,
    /// Whom a committee granted access.
    Controlled,
}

impl DataClass {
    /// Every class, the least guarded first.
    pub const ALL: [Self; 3] = [Self::Open, Self::Registered, Self::Controlled];

    /// The word in documents and policies.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Registered => "registered",
            Self::Controlled => "controlled",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == word)
    }
}

/// What allows data of some countries to go to others, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// What people call it, such as the number of a contract.
    pub id: String,
    /// It speaks of data all of whose countries are among these.
    pub from: Countries,
    /// Where such data may go, beside their own countries.
    pub to: Countries,
    /// It speaks of data of these classes only; of all, if empty.
    pub classes: Vec<DataClass>,
    /// When it ends, if it does. At that moment it has ended.
    pub until: Option<Timestamp>,
}

impl Transfer {
    /// Whether it speaks of data from these countries and of this class. Data whose class nobody stated
    /// are only covered by what covers every class.
    pub fn covers(&self, origin: &Countries, class: Option<DataClass>) -> bool {
        let of_class =
            self.classes.is_empty() || class.is_some_and(|one| self.classes.contains(&one));
        of_class && origin.are_within(&self.from)
    }

    /// Whether it has not ended.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// A dataset as its steward describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// What it is called.
    pub id: DatasetId,
    /// Name for people.
    pub name: String,
    /// What it is, in words for people.
    pub description: Option<String>,
    /// The countries that its data come from; never empty.
    pub origin: Countries,
    /// Who may have it at all.
    pub class: DataClass,
    /// What it may be used for, in terms of the Data Use Ontology.
    pub duo: BTreeSet<Term>,
    /// The value of the visa that grants access to it, mostly a URL.
    pub grant: Option<String>,
    /// Institutions whose callers may name it; everybody's, if empty.
    pub institutions: BTreeSet<String>,
    /// What allows its data to go to other countries, beside what is agreed for all data.
    pub transfers: Vec<Transfer>,
}

/// What is said of a reference panel, where it counts for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PanelTerms {
    /// The panel.
    pub id: String,
    /// What it may be used for, in terms of the Data Use Ontology.
    pub duo: BTreeSet<String>,
    /// Where it may be used; empty where nothing is said about it.
    pub jurisdictions: Countries,
    /// Under which conditions it may be used, in words.
    pub terms_of_use: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_terms_are_plain() {
        for (text, fits) in
            [("h3a-v6.1", true), ("EGAD00001", true), ("", false), (".x", false), ("a/b", false)]
        {
            assert_eq!(text.parse::<DatasetId>().is_ok(), fits, "{text:?}");
        }
        assert!("x".repeat(100).parse::<DatasetId>().is_ok());
        assert!("x".repeat(101).parse::<DatasetId>().is_err());
        for (text, read) in [
            ("DUO:0000042", Some("DUO:0000042")),
            ("duo:0000042", Some("DUO:0000042")),
            ("MONDO:0005148", Some("MONDO:0005148")),
            ("DUO:42", None),
            ("DUO:00000x2", None),
            ("DUO", None),
            (":1", None),
            ("DUO:", None),
            ("a b:1", None),
        ] {
            let term = text.parse::<Term>().ok();
            assert_eq!(term.as_ref().map(Term::as_str), read, "{text:?}");
        }
        assert!("DUO:0000042".parse::<Term>().unwrap().is_duo());
        assert!(!"MONDO:0005148".parse::<Term>().unwrap().is_duo());
    }

    #[test]
    fn a_transfer_covers_data_all_of_whose_countries_it_names() {
        let set = |words: &str| -> Countries {
            words.split_whitespace().map(|word| word.parse().unwrap()).collect()
        };
        let basis = |classes: &[DataClass]| Transfer {
            id: "DTA-1".to_owned(),
            from: set("KE UG"),
            to: set("ZA"),
            classes: classes.to_vec(),
            until: Some(Timestamp::from_second(100).unwrap()),
        };
        let open = Some(DataClass::Open);

        assert!(basis(&[]).covers(&set("KE"), None) && basis(&[]).covers(&set("KE UG"), open));
        assert!(!basis(&[]).covers(&set("KE GH"), open));
        assert!(basis(&[DataClass::Open]).covers(&set("KE"), open));
        assert!(!basis(&[DataClass::Open]).covers(&set("KE"), Some(DataClass::Controlled)));
        assert!(!basis(&[DataClass::Open]).covers(&set("KE"), None));
        for (second, valid) in [(99, true), (100, false), (101, false)] {
            assert_eq!(basis(&[]).is_valid(Timestamp::from_second(second).unwrap()), valid);
        }
        assert!(Transfer { until: None, ..basis(&[]) }.is_valid(Timestamp::MAX));
    }

    #[test]
    fn a_class_has_one_word() {
        for class in DataClass::ALL {
            assert_eq!(DataClass::parse(class.as_str()), Some(class));
        }
        assert_eq!(DataClass::parse("secret"), None);
    }
}
