//! Everything that is known of panels, as one immutable view.

use std::{collections::HashMap, sync::Arc};

use rpds::RedBlackTreeMapSync;

use super::{Error, PanelId, Result, Shelf, Terms, TermsRecord};
use crate::domain::{PanelTerms, ServiceId};

/// All panels of all services, and what people say of them, at one moment. Views share what did not
/// change between them.
#[derive(Debug, Clone, Default)]
pub struct Shelves {
    pub(super) shelves: RedBlackTreeMapSync<ServiceId, Arc<Shelf>>,
    pub(super) terms: RedBlackTreeMapSync<PanelId, Arc<TermsRecord>>,
    /// From every alias to the panel that it means.
    aliases: Arc<HashMap<PanelId, PanelId>>,
}

impl Shelves {
    /// The panel that an id means: itself, unless it is an alias.
    pub fn meant<'a>(&'a self, id: &'a PanelId) -> &'a PanelId {
        if self.aliases.is_empty() { id } else { self.aliases.get(id).unwrap_or(id) }
    }

    /// What each service offers or once offered, in the order of their ids.
    pub fn services(&self) -> impl Iterator<Item = (&ServiceId, &Shelf)> {
        self.shelves.iter().map(|(id, shelf)| (id, shelf.as_ref()))
    }

    /// What one service offers or once offered.
    pub fn service(&self, id: &ServiceId) -> Option<&Shelf> {
        self.shelves.get(id).map(Arc::as_ref)
    }

    /// What people say of a panel. An alias has nothing of its own.
    pub fn terms(&self, id: &PanelId) -> Option<&TermsRecord> {
        self.terms.get(id).map(Arc::as_ref)
    }

    /// What people say of a panel, where it counts for a decision. `name` is what a request calls it.
    pub fn terms_of(&self, name: &str) -> Option<PanelTerms> {
        let named = name.parse().ok()?;
        let id = self.meant(&named);
        let terms = self.terms(id).map(|record| record.terms.clone()).unwrap_or_default();
        Some(PanelTerms {
            id: id.to_string(),
            duo: terms.duo_terms,
            jurisdictions: terms.jurisdictions.into_iter().collect(),
            terms_of_use: terms.terms_of_use,
        })
    }

    /// All panels of which people say something.
    pub fn all_terms(&self) -> impl Iterator<Item = (&PanelId, &TermsRecord)> {
        self.terms.iter().map(|(id, record)| (id, record.as_ref()))
    }

    /// Whether any service has or had the panel, or people say something of it.
    pub fn knows(&self, id: &PanelId) -> bool {
        self.terms.contains_key(id)
            || self
                .shelves
                .values()
                .any(|shelf| shelf.holdings.iter().any(|holding| self.meant(&holding.panel) == id))
    }

    pub(super) fn with_terms(&self, id: PanelId, record: Arc<TermsRecord>) -> Self {
        let terms = self.terms.insert(id, record);
        let aliases = terms.iter().flat_map(|(id, record)| {
            record.terms.aliases.iter().map(|alias| (alias.clone(), id.clone()))
        });
        Self { aliases: Arc::new(aliases.collect()), terms: terms.clone(), ..self.clone() }
    }

    /// Whether these terms fit in. An alias means one panel, and nothing is said of it but that: so no
    /// chain and no circle can come about.
    pub(super) fn check(&self, id: &PanelId, terms: &Terms) -> Result<()> {
        if let Some(panel) = self.aliases.get(id) {
            return Err(Error::IsAlias { panel: panel.clone() });
        }
        if !self.knows(id) {
            return Err(Error::UnknownPanel);
        }
        for alias in &terms.aliases {
            let why = match self.aliases.get(alias) {
                _ if alias == id => "it is the panel's own id".to_owned(),
                Some(other) if other != id => format!("it already means the panel `{other}`"),
                Some(_) => continue,
                None if self.terms(alias).is_some_and(|own| own.terms != Terms::default()) => {
                    "there are terms of its own; empty them first".to_owned()
                }
                None => continue,
            };
            return Err(Error::BadAlias { alias: alias.clone(), why });
        }
        Ok(())
    }
}
