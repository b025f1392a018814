//! What people add to a panel: under which terms it may be used, and what else it is called.

use std::collections::BTreeSet;

use jiff::Timestamp;
use url::Url;

use super::PanelId;
use crate::domain::Jurisdiction;

/// What operators and data stewards say about a panel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// In words for people.
    pub note: Option<String>,
    /// Under which conditions it may be used, in words or as the URL of a page.
    pub terms_of_use: Option<String>,
    /// The same in terms of the Data Use Ontology, such as `DUO:0000006`.
    pub duo_terms: BTreeSet<String>,
    /// Where it may be used; empty where nothing is said about it.
    pub jurisdictions: BTreeSet<Jurisdiction>,
    /// Samples, for services that do not tell.
    pub samples: Option<u64>,
    /// Sites, for services that do not tell.
    pub sites: Option<u64>,
    /// How to cite it.
    pub citation: Option<String>,
    /// Where to read about it.
    pub url: Option<Url>,
    /// Other ids under which services offer the same panel.
    pub aliases: BTreeSet<PanelId>,
}

/// Terms as they are written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermsRecord {
    /// What is said.
    pub terms: Terms,
    /// Counts the changes; the first is 1.
    pub version: i64,
    /// Who changed them last.
    pub updated_by: String,
    /// When they were last changed.
    pub updated_at: Timestamp,
}
