//! Holdings and terms as they lie in the database.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Error, Gone, Holding, Result, Shelf, Terms, shelf::Shared};
use crate::domain::{Build, Population, ReferencePanel};

#[derive(Serialize, Deserialize)]
struct StoredHolding {
    panel: StoredPanel,
    first_seen: i64,
    since: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<StoredGone>,
}

#[derive(Serialize, Deserialize)]
struct StoredGone {
    since: i64,
    last_seen: i64,
}

#[derive(Serialize, Deserialize)]
struct StoredPanel {
    id: String,
    key: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    build: Option<String>,
    input_builds: Vec<String>,
    /// Id and name.
    populations: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    samples: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sites: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct StoredTerms {
    note: Option<String>,
    terms_of_use: Option<String>,
    duo_terms: Vec<String>,
    jurisdictions: Vec<String>,
    samples: Option<u64>,
    sites: Option<u64>,
    citation: Option<String>,
    url: Option<String>,
    aliases: Vec<String>,
}

/// The holdings of a shelf as text.
pub(super) fn holdings_text(shelf: &Shelf) -> String {
    let stored: Vec<_> = shelf.holdings.iter().map(StoredHolding::of).collect();
    serde_json::to_string(&stored).expect("plain data becomes text")
}

/// Reads a shelf.
pub(super) fn shelf(seen_at: i64, holdings: &str, shared: &mut Shared) -> Result<Shelf> {
    let stored: Vec<StoredHolding> = serde_json::from_str(holdings).map_err(unreadable)?;
    let holdings: Result<Vec<_>> =
        stored.into_iter().map(|holding| holding.into_holding(shared)).collect();
    Ok(Shelf { seen_at: time(seen_at)?, holdings: holdings?.into() })
}

/// Terms as text.
pub(super) fn terms_text(terms: &Terms) -> String {
    let stored = StoredTerms {
        note: terms.note.clone(),
        terms_of_use: terms.terms_of_use.clone(),
        duo_terms: terms.duo_terms.iter().cloned().collect(),
        jurisdictions: terms.jurisdictions.iter().map(ToString::to_string).collect(),
        samples: terms.samples,
        sites: terms.sites,
        citation: terms.citation.clone(),
        url: terms.url.as_ref().map(ToString::to_string),
        aliases: terms.aliases.iter().map(ToString::to_string).collect(),
    };
    serde_json::to_string(&stored).expect("plain data becomes text")
}

/// Reads terms.
pub(super) fn terms(text: &str) -> Result<Terms> {
    let stored: StoredTerms = serde_json::from_str(text).map_err(unreadable)?;
    let jurisdictions = stored.jurisdictions.iter().map(|text| text.parse().map_err(unreadable));
    let aliases = stored.aliases.iter().map(|text| text.parse().map_err(unreadable));
    Ok(Terms {
        jurisdictions: jurisdictions.collect::<Result<_>>()?,
        aliases: aliases.collect::<Result<_>>()?,
        url: stored.url.map(|url| url.parse()).transpose().map_err(unreadable)?,
        note: stored.note,
        terms_of_use: stored.terms_of_use,
        duo_terms: stored.duo_terms.into_iter().collect(),
        samples: stored.samples,
        sites: stored.sites,
        citation: stored.citation,
    })
}

/// Reads a time.
pub(super) fn time(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(unreadable)
}

pub(super) fn unreadable(error: impl ToString) -> Error {
    Error::Unreadable(error.to_string())
}

impl StoredHolding {
    fn of(holding: &Holding) -> Self {
        Self {
            panel: StoredPanel::of(&holding.offered),
            first_seen: holding.first_seen.as_microsecond(),
            since: holding.since.as_microsecond(),
            gone: holding.gone.map(|gone| StoredGone {
                since: gone.since.as_microsecond(),
                last_seen: gone.last_seen.as_microsecond(),
            }),
        }
    }

    fn into_holding(self, shared: &mut Shared) -> Result<Holding> {
        let gone = self.gone.map(|gone| {
            Ok::<_, Error>(Gone { since: time(gone.since)?, last_seen: time(gone.last_seen)? })
        });
        let offered = self.panel.into_panel()?;
        let id = offered.id.parse().map_err(unreadable)?;
        Ok(Holding {
            panel: shared.id(id),
            offered: Arc::clone(&shared.panel(&offered)),
            first_seen: time(self.first_seen)?,
            since: time(self.since)?,
            gone: gone.transpose()?,
        })
    }
}

impl StoredPanel {
    fn of(panel: &ReferencePanel) -> Self {
        Self {
            id: panel.id.clone(),
            key: panel.key.clone(),
            name: panel.name.clone(),
            build: panel.build.map(|build| build.to_string()),
            input_builds: panel.input_builds.iter().map(ToString::to_string).collect(),
            populations: panel
                .populations
                .iter()
                .map(|population| (population.id.clone(), population.name.clone()))
                .collect(),
            samples: panel.samples,
            sites: panel.sites,
        }
    }

    fn into_panel(self) -> Result<ReferencePanel> {
        let build = |text: &String| text.parse::<Build>().map_err(unreadable);
        Ok(ReferencePanel {
            build: self.build.as_ref().map(build).transpose()?,
            input_builds: self.input_builds.iter().map(build).collect::<Result<_>>()?,
            populations: self
                .populations
                .into_iter()
                .map(|(id, name)| Population { id, name })
                .collect(),
            id: self.id,
            key: self.key,
            name: self.name,
            samples: self.samples,
            sites: self.sites,
        })
    }
}
