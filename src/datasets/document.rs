//! A dataset as it is written down by people.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{Blocs, Countries, DataClass, Dataset, Flaw, Term, Transfer};

/// More than people write.
const MAX_ITEMS: usize = 100;
const MAX_TEXT: usize = 2_000;

/// A dataset as it is written down by people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetDocument {
    /// Id in the federation, which runs name in the tag `dataset`: letters, digits, `.`, `_` and `-`.
    pub id: String,
    /// Name for people; the id, unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is, in words for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where its data come from, and so where they may be: countries, or blocs as `bloc:EU`.
    pub origin: Vec<String>,
    /// Who may have it: `open`, `registered` or `controlled`.
    #[serde(default = "controlled")]
    pub class: String,
    /// What it may be used for, in terms of the Data Use Ontology, such as `DUO:0000042`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duo: Vec<String>,
    /// The value of the visa (`ControlledAccessGrants`) that grants access to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// Institutions whose callers may name it; everybody's, unless set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub institutions: Vec<String>,
    /// What allows its data to go to other countries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<TransferDocument>,
}

/// What allows the data of a dataset to go to other countries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferDocument {
    /// What people call it, such as the number of a contract.
    pub id: String,
    /// Where the data may go: countries, or blocs as `bloc:EU`.
    pub to: Vec<String>,
    /// When it ends, as `2027-06-30T00:00:00Z`; never, unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

fn controlled() -> String {
    DataClass::Controlled.as_str().to_owned()
}

impl DatasetDocument {
    /// The dataset. The error names the member and what is wrong with it.
    pub fn to_dataset(&self, blocs: &Blocs) -> Result<Dataset, Flaw> {
        self.check_bounds()?;
        let duo = self.duo.iter().map(|text| {
            let term = text.parse::<Term>().ok().filter(Term::is_duo);
            term.ok_or_else(|| Flaw::new("duo", format!("`{text}` is no term such as DUO:0000042")))
        });
        let origin = countries("origin", &self.origin, blocs)?;
        let transfers = self.transfers.iter().map(|transfer| transfer.read(origin, blocs));
        Ok(Dataset {
            id: self.id.parse().map_err(|error| Flaw::new("id", error))?,
            name: self.name.clone().unwrap_or_else(|| self.id.clone()),
            description: self.description.clone(),
            origin,
            class: DataClass::parse(&self.class).ok_or_else(|| {
                Flaw::new("class", "a class is `open`, `registered` or `controlled`")
            })?,
            duo: duo.collect::<Result<_, _>>()?,
            grant: self.grant.clone(),
            institutions: self.institutions.iter().cloned().collect(),
            transfers: transfers.collect::<Result<_, _>>()?,
        })
    }

    fn check_bounds(&self) -> Result<(), Flaw> {
        for (member, items) in [
            ("origin", self.origin.len()),
            ("duo", self.duo.len()),
            ("institutions", self.institutions.len()),
            ("transfers", self.transfers.len()),
        ] {
            if items > MAX_ITEMS {
                return Err(Flaw::new(member, format!("at most {MAX_ITEMS} are kept")));
            }
        }
        let texts =
            [("name", &self.name), ("description", &self.description), ("grant", &self.grant)];
        for (member, text) in texts {
            if text.as_ref().is_some_and(|text| text.len() > MAX_TEXT) {
                return Err(Flaw::new(member, format!("at most {MAX_TEXT} bytes are kept")));
            }
        }
        Ok(())
    }
}

impl TransferDocument {
    fn read(&self, origin: Countries, blocs: &Blocs) -> Result<Transfer, Flaw> {
        let until = self.until.as_ref().map(|text| {
            let wrong = format!("`{text}` is not a time such as 2027-06-30T00:00:00Z");
            text.parse().map_err(|_| Flaw::new("transfers", wrong))
        });
        if self.id.trim().is_empty() {
            return Err(Flaw::new("transfers", "a transfer basis has an id"));
        }
        Ok(Transfer {
            id: self.id.clone(),
            from: origin,
            to: countries("transfers", &self.to, blocs)?,
            classes: Vec::new(),
            until: until.transpose()?,
        })
    }
}

fn countries(member: &'static str, words: &[String], blocs: &Blocs) -> Result<Countries, Flaw> {
    let countries = blocs.read_all(words).map_err(|error| Flaw::new(member, error))?;
    if countries.is_empty() {
        return Err(Flaw::new(member, "it names no country"));
    }
    Ok(countries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> DatasetDocument {
        let json = r#"{"id": "h3a", "origin": ["KE", "bloc:EAC"], "duo": ["DUO:0000042"],
            "transfers": [{"id": "DTA-1", "to": ["ZA"], "until": "2027-06-30T00:00:00Z"}]}"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_document_becomes_a_dataset() {
        let dataset = document().to_dataset(&Blocs::default()).unwrap();

        assert_eq!(dataset.name, "h3a");
        assert_eq!(dataset.class, DataClass::Controlled);
        assert_eq!(dataset.origin.to_string(), "BI, CD, KE, RW, SO, SS, TZ, UG");
        assert_eq!(dataset.transfers[0].from, dataset.origin);
        assert_eq!(dataset.transfers[0].to.to_string(), "ZA");
        assert!(dataset.transfers[0].until.is_some());
    }

    #[test]
    fn what_is_wrong_is_told_with_its_member() {
        type Spoil = fn(&mut DatasetDocument);
        let cases: [(&str, Spoil); 11] = [
            ("id", |d| d.id = "a b".to_owned()),
            ("origin", |d| d.origin.clear()),
            ("origin", |d| d.origin = vec!["Kenya".to_owned()]),
            ("origin", |d| d.origin = vec!["KE".to_owned(); 101]),
            ("class", |d| d.class = "secret".to_owned()),
            ("duo", |d| d.duo = vec!["MONDO:0005148".to_owned()]),
            ("description", |d| d.description = Some("x".repeat(2_001))),
            ("transfers", |d| d.transfers[0].to.clear()),
            ("transfers", |d| d.transfers[0].until = Some("soon".to_owned())),
            ("transfers", |d| d.transfers[0].id = " ".to_owned()),
            ("institutions", |d| d.institutions = vec![String::new(); 101]),
        ];
        for (member, spoil) in cases {
            let mut spoiled = document();
            spoil(&mut spoiled);

            let flaw = spoiled.to_dataset(&Blocs::default()).unwrap_err();
            assert_eq!(flaw.member, member, "{flaw}");
        }
    }
}
