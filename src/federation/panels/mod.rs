//! Reference panels across the services: who holds which, since when, and under which terms.

mod document;
mod facts;
mod list;
mod one;
mod tally;
mod watch;

#[cfg(test)]
pub(super) mod tests;

use std::{sync::Arc, time::Duration};

use serde::Deserialize;

use crate::{
    domain::{CallerId, Flaw, ServiceId},
    panels::{self, PanelId, Panels, TermsRecord},
    registry::Registry,
};

pub use self::{
    document::TermsDocument,
    facts::Facts,
    list::{PanelEntry, PanelFilter, PanelPage},
    one::{Holder, PanelView, ShelfView},
    watch::PanelWatch,
};

/// How the catalogue of panels is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PanelsConfig {
    /// How often it is looked whether services offer something else than before. Longer takes panels up
    /// later.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
    /// How long a panel that a service offers no more is remembered.
    #[serde(with = "humantime_serde")]
    pub forget_after: Duration,
}

impl Default for PanelsConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(5),
            forget_after: Duration::from_secs(365 * 24 * 3600),
        }
    }
}

/// Why a question about panels or services was not answered.
#[derive(Debug, thiserror::Error)]
pub enum PanelsError {
    /// No service has or had this panel.
    #[error("no service of the federation has or had the panel `{0}`")]
    UnknownPanel(String),
    /// There is no such service.
    #[error("there is no service `{0}`")]
    UnknownService(String),
    /// The page token is none of ours.
    #[error("the page token was not handed out for this list")]
    BadPageToken,
    /// The terms are not what they should be.
    #[error("{}: {}", .0.member, .0.why)]
    Flawed(Flaw),
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] panels::Error),
}

/// The use cases around panels. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PanelCatalogue {
    panels: Arc<Panels>,
    registry: Arc<Registry>,
}

impl PanelCatalogue {
    /// The catalogue over what was seen and the services as they are.
    pub fn new(panels: Arc<Panels>, registry: Arc<Registry>) -> Self {
        Self { panels, registry }
    }

    /// A page of the panels that fit a filter, by name.
    pub fn list(
        &self,
        filter: &PanelFilter,
        size: usize,
        token: Option<&str>,
    ) -> Result<PanelPage, PanelsError> {
        list::list(&self.panels.shelves(), &self.registry.snapshot(), filter, size, token)
    }

    /// One panel, by its id or an alias, with everybody who holds it or once held it.
    pub fn panel(&self, id: &str) -> Result<PanelView, PanelsError> {
        let unknown = || PanelsError::UnknownPanel(id.to_owned());
        let named: PanelId = id.parse().map_err(|_| unknown())?;
        one::panel(&self.panels.shelves(), &self.registry.snapshot(), &named).ok_or_else(unknown)
    }

    /// What one service offers and once offered.
    pub fn of_service(&self, id: &str) -> Result<ShelfView, PanelsError> {
        let unknown = || PanelsError::UnknownService(id.to_owned());
        let id: ServiceId = id.parse().map_err(|_| unknown())?;
        let fleet = self.registry.snapshot();
        let listing = fleet.get(&id).ok_or_else(unknown)?;
        Ok(one::shelf(&self.panels.shelves(), listing))
    }

    /// Replaces what people say of a panel. `expected` is the version that the writer read; 0, where
    /// nothing was said. With `dry_run` it is only checked.
    pub async fn set_terms(
        &self,
        id: &str,
        document: &TermsDocument,
        expected: i64,
        by: &CallerId,
        dry_run: bool,
    ) -> Result<TermsRecord, PanelsError> {
        let terms = document.to_terms().map_err(PanelsError::Flawed)?;
        let id: PanelId = id.parse().map_err(|_| PanelsError::UnknownPanel(id.to_owned()))?;
        Ok(self.panels.set_terms(&id, terms, Some(expected), by, dry_run).await?)
    }

    /// Services side by side, in the order in which they are named.
    pub fn compare(&self, ids: &[String]) -> Result<super::Comparison, PanelsError> {
        super::compare::compare(&self.panels.shelves(), &self.registry.snapshot(), ids)
    }
}
