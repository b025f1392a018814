//! Terms of a panel as they are written down by people.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use crate::{domain::Flaw, panels::Terms};

/// What operators and data stewards say about a panel. What is left out is not said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TermsDocument {
    /// In words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Under which conditions it may be used, in words or as the URL of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms_of_use: Option<String>,
    /// The same in terms of the Data Use Ontology, such as `DUO:0000006`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub duo_terms: Vec<String>,
    /// Countries in which it may be used, as two upper-case letters; empty where nothing is said about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jurisdictions: Vec<String>,
    /// Samples, for services that do not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<u64>,
    /// Sites, for services that do not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sites: Option<u64>,
    /// How to cite it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citation: Option<String>,
    /// Where to read about it: `http` or `https`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Other ids under which services offer the same panel.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

const MAX_TEXT: usize = 4_000;
const MAX_URL: usize = 2_000;
const MAX_DUO_TERMS: usize = 20;
const MAX_JURISDICTIONS: usize = 250;
const MAX_ALIASES: usize = 20;

impl TermsDocument {
    /// The terms. The error names the member and what is wrong with it.
    pub fn to_terms(&self) -> Result<Terms, Flaw> {
        let url = self.url.as_deref().map(web_page).transpose()?;
        bounded("duo_terms", &self.duo_terms, MAX_DUO_TERMS)?;
        if let Some(odd) = self.duo_terms.iter().find(|term| !is_duo_term(term)) {
            let why = format!("`{}` is no term such as `DUO:0000006`", short(odd));
            return Err(Flaw::new("duo_terms", why));
        }
        bounded("jurisdictions", &self.jurisdictions, MAX_JURISDICTIONS)?;
        bounded("aliases", &self.aliases, MAX_ALIASES)?;
        let jurisdictions = self.jurisdictions.iter().map(|text| text.parse());
        let aliases = self.aliases.iter().map(|text| text.parse());
        Ok(Terms {
            note: text("note", self.note.as_ref())?,
            terms_of_use: text("terms_of_use", self.terms_of_use.as_ref())?,
            duo_terms: self.duo_terms.iter().cloned().collect(),
            jurisdictions: jurisdictions
                .collect::<Result<BTreeSet<_>, _>>()
                .map_err(|error| Flaw::new("jurisdictions", error))?,
            samples: count("samples", self.samples)?,
            sites: count("sites", self.sites)?,
            citation: text("citation", self.citation.as_ref())?,
            url,
            aliases: aliases
                .collect::<Result<BTreeSet<_>, _>>()
                .map_err(|error| Flaw::new("aliases", error))?,
        })
    }

    /// The document of terms.
    pub fn of(terms: &Terms) -> Self {
        Self {
            note: terms.note.clone(),
            terms_of_use: terms.terms_of_use.clone(),
            duo_terms: terms.duo_terms.iter().cloned().collect(),
            jurisdictions: terms.jurisdictions.iter().map(ToString::to_string).collect(),
            samples: terms.samples,
            sites: terms.sites,
            citation: terms.citation.clone(),
            url: terms.url.as_ref().map(ToString::to_string),
            aliases: terms.aliases.iter().map(ToString::to_string).collect(),
        }
    }
}

fn text(member: &'static str, text: Option<&String>) -> Result<Option<String>, Flaw> {
    let Some(text) = text.map(|text| text.trim()).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.chars().count() > MAX_TEXT {
        return Err(Flaw::new(member, format!("it is longer than {MAX_TEXT} characters")));
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\r' && c != '\t') {
        return Err(Flaw::new(member, "it holds a control character"));
    }
    Ok(Some(text.to_owned()))
}

fn web_page(text: &str) -> Result<Url, Flaw> {
    if text.len() > MAX_URL {
        return Err(Flaw::new("url", format!("it is longer than {MAX_URL} bytes")));
    }
    let url: Url = text.parse().map_err(|error| Flaw::new("url", error))?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    if matches!(url.scheme(), "http" | "https") && is_plain {
        Ok(url)
    } else {
        Err(Flaw::new("url", "a page is read by http or https, without a credential in its URL"))
    }
}

/// JSON of other languages keeps no more than 53 bits of a number.
fn count(member: &'static str, count: Option<u64>) -> Result<Option<u64>, Flaw> {
    match count {
        Some(0) => Err(Flaw::new(member, "leave it out where it is not known")),
        Some(count) if count >= 1 << 53 => Err(Flaw::new(member, "it is too large")),
        Some(_) | None => Ok(count),
    }
}

fn bounded(member: &'static str, list: &[String], most: usize) -> Result<(), Flaw> {
    if list.len() > most {
        return Err(Flaw::new(member, format!("there are more than {most}")));
    }
    Ok(())
}

fn is_duo_term(term: &str) -> bool {
    term.strip_prefix("DUO:")
        .is_some_and(|digits| digits.len() == 7 && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_come_back_as_they_were_written() {
        let document = TermsDocument {
            note: Some("Ask the data access committee".to_owned()),
            duo_terms: vec!["DUO:0000006".to_owned()],
            jurisdictions: vec!["KE".to_owned(), "ZA".to_owned()],
            samples: Some(4447),
            url: Some("https://example.org/panel".to_owned()),
            aliases: vec!["v6hc-s".to_owned()],
            ..TermsDocument::default()
        };

        assert_eq!(TermsDocument::of(&document.to_terms().unwrap()), document);
    }

    #[test]
    fn a_flaw_names_its_member() {
        let of = |change: fn(&mut TermsDocument)| {
            let mut document = TermsDocument::default();
            change(&mut document);
            document.to_terms().unwrap_err().member
        };

        assert_eq!(of(|d| d.note = Some("x".repeat(5000))), "note");
        assert_eq!(of(|d| d.citation = Some("a\0b".to_owned())), "citation");
        assert_eq!(of(|d| d.duo_terms = vec!["DUO:6".to_owned()]), "duo_terms");
        assert_eq!(of(|d| d.jurisdictions = vec!["Kenya".to_owned()]), "jurisdictions");
        assert_eq!(of(|d| d.samples = Some(0)), "samples");
        assert_eq!(of(|d| d.sites = Some(u64::MAX)), "sites");
        assert_eq!(of(|d| d.url = Some("javascript:alert(1)".to_owned())), "url");
        assert_eq!(of(|d| d.url = Some("https://u:p@example.org".to_owned())), "url");
        assert_eq!(of(|d| d.aliases = vec![String::new()]), "aliases");
        assert_eq!(of(|d| d.aliases = vec!["x".to_owned(); 21]), "aliases");
    }
}
