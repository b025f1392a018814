//! A page of the panels that fit a filter. Pure.

use std::collections::{BTreeSet, HashMap};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;

use super::{
    Facts, PanelsError,
    tally::{Tally, tally},
};
use crate::{
    domain::{Build, Jurisdiction, ReferencePanel, ServiceId},
    panels::{PanelId, Shelves, TermsRecord},
    registry::{Snapshot, StateWord},
};

/// Which panels are wanted. What is said about holders must all be true of one of them.
#[derive(Debug, Clone, Default)]
pub struct PanelFilter {
    /// Words, each of which is in an id, a name, a population or the note.
    pub q: Option<String>,
    /// A holder imputes input of this build against it.
    pub build: Option<Build>,
    /// A holder knows this population of it.
    pub population: Option<String>,
    /// This service holds it.
    pub service: Option<ServiceId>,
    /// A holder stands in this country.
    pub jurisdiction: Option<Jurisdiction>,
    /// A holder is in this state.
    pub state: Option<StateWord>,
    /// A holder can be used now.
    pub available: bool,
}

/// A page of panels.
#[derive(Debug, Clone)]
pub struct PanelPage {
    /// The panels, by name.
    pub panels: Vec<PanelEntry>,
    /// How many fit in all.
    pub total: usize,
    /// Where the next page begins.
    pub next_page_token: Option<String>,
}

/// A panel in a list.
#[derive(Debug, Clone)]
pub struct PanelEntry {
    /// Its id.
    pub id: PanelId,
    /// What is known of it.
    pub facts: Facts,
    /// Services that hold it.
    pub holders: usize,
    /// Those of them that can be used now.
    pub available: usize,
    /// Services that once held it.
    pub gone: usize,
    /// Where its holders stand.
    pub jurisdictions: BTreeSet<Jurisdiction>,
    /// When it was first seen anywhere.
    pub first_seen: Option<Timestamp>,
    /// What people say of it.
    pub terms: Option<TermsRecord>,
}

impl PanelFilter {
    /// Whether what a holder tells fits.
    pub(super) fn fits(&self, panel: &ReferencePanel) -> bool {
        self.build.is_none_or(|build| panel.takes_build(build))
            && self.population.as_ref().is_none_or(|id| panel.population(id).is_some())
    }

    fn asks_for_a_holder(&self) -> bool {
        self.build.is_some()
            || self.population.is_some()
            || self.service.is_some()
            || self.jurisdiction.is_some()
            || self.state.is_some()
            || self.available
    }
}

pub(super) fn list(
    shelves: &Shelves,
    fleet: &Snapshot,
    filter: &PanelFilter,
    size: usize,
    token: Option<&str>,
) -> Result<PanelPage, PanelsError> {
    let after = token.map(read_token).transpose()?;
    let mut tallies = tally(shelves, fleet, filter);
    for (id, _) in shelves.all_terms() {
        tallies.entry(shelves.meant(id)).or_default();
    }
    let mut found = matching(&tallies, shelves, filter);
    found.sort();
    let total = found.len();
    let rest = match &after {
        Some(after) => {
            found.partition_point(|key| (&key.0, key.1.as_str()) <= (&after.0, &after.1))
        }
        None => 0,
    };
    let end = total.min(rest.saturating_add(size));
    let page = &found[rest..end];
    let next_page_token =
        page.last().filter(|_| end < total).map(|(name, id)| token_of(name, id.as_str()));
    let panels = page.iter().map(|(_, id)| entry(id, &tallies[id], shelves)).collect();
    Ok(PanelPage { panels, total, next_page_token })
}

/// The panels that fit, each with what it is sorted by.
fn matching<'a>(
    tallies: &HashMap<&'a PanelId, Tally<'a>>,
    shelves: &Shelves,
    filter: &PanelFilter,
) -> Vec<(String, &'a PanelId)> {
    let words: Vec<String> =
        filter.q.iter().flat_map(|q| q.split_whitespace()).map(str::to_lowercase).collect();
    tallies
        .iter()
        .filter(|(_, tally)| tally.fits || !filter.asks_for_a_holder())
        .filter(|(id, tally)| words.is_empty() || is_found(id, tally, shelves, &words))
        .map(|(id, tally)| {
            let name = told(tally).next().map_or(id.as_str(), |panel| panel.name.as_str());
            (name.to_lowercase(), *id)
        })
        .collect()
}

fn is_found(id: &PanelId, tally: &Tally<'_>, shelves: &Shelves, words: &[String]) -> bool {
    let mut text = id.to_string();
    let mut add = |more: &str| {
        text.push('\n');
        text.push_str(&more.to_lowercase());
    };
    for panel in told(tally) {
        add(&panel.id);
        add(&panel.name);
        for population in &panel.populations {
            add(&population.id);
            add(&population.name);
        }
    }
    if let Some(record) = shelves.terms(id) {
        record.terms.aliases.iter().for_each(|alias| add(alias.as_str()));
        record.terms.note.iter().for_each(|note| add(note));
    }
    words.iter().all(|word| text.contains(word))
}

/// What holders tell; where there is none, what the last ones told.
fn told<'a>(tally: &Tally<'a>) -> impl Iterator<Item = &'a ReferencePanel> {
    let told = if tally.told.is_empty() { &tally.once_told } else { &tally.told };
    told.clone().into_iter().map(AsRef::as_ref)
}

fn entry(id: &PanelId, tally: &Tally<'_>, shelves: &Shelves) -> PanelEntry {
    let terms = shelves.terms(id);
    PanelEntry {
        id: id.clone(),
        facts: Facts::of(id.as_str(), told(tally), terms.map(|record| &record.terms)),
        holders: tally.holders,
        available: tally.available,
        gone: tally.gone,
        jurisdictions: tally.jurisdictions.clone(),
        first_seen: tally.first_seen,
        terms: terms.cloned(),
    }
}

fn token_of(name: &str, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{name}\0{id}"))
}

fn read_token(token: &str) -> Result<(String, String), PanelsError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| PanelsError::BadPageToken)?;
    let text = String::from_utf8(bytes).map_err(|_| PanelsError::BadPageToken)?;
    let (name, id) = text.split_once('\0').ok_or(PanelsError::BadPageToken)?;
    Ok((name.to_owned(), id.to_owned()))
}
