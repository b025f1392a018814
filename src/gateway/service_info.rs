//! What the federation can do as a whole: the union of what its services offer.

use std::collections::{BTreeMap, BTreeSet};

use super::{Gateway, Result};
use crate::{domain::same_workflow_type, ga4gh::wes::State};

/// What the federation can do as a whole.
#[derive(Debug, Default)]
pub struct Abilities {
    /// Workflow types and their versions.
    pub workflow_types: BTreeMap<String, BTreeSet<String>>,
    /// Engines and their versions.
    pub engines: BTreeMap<String, BTreeSet<String>>,
    /// Protocols by which inputs can be named.
    pub protocols: BTreeSet<String>,
    /// How many runs are in which state.
    pub state_counts: BTreeMap<State, i64>,
}

impl Gateway {
    /// What the federation can do as a whole.
    pub async fn abilities(&self) -> Result<Abilities> {
        let mut abilities = Abilities {
            state_counts: self.parts.ledger.count_states().await?,
            ..Default::default()
        };
        let fleet = self.parts.registry.snapshot();
        for offer in fleet.services().filter_map(|listing| listing.offer()) {
            for (workflow_type, versions) in &offer.workflow_types {
                // Services that spell one type differently are one entry here.
                let known = abilities
                    .workflow_types
                    .keys()
                    .find(|known| same_workflow_type(known, workflow_type))
                    .cloned();
                let name = known.unwrap_or_else(|| workflow_type.to_ascii_uppercase());
                abilities.workflow_types.entry(name).or_default().extend(versions.iter().cloned());
            }
            for (engine, versions) in &offer.engines {
                abilities
                    .engines
                    .entry(engine.clone())
                    .or_default()
                    .extend(versions.iter().cloned());
            }
            abilities.protocols.extend(offer.protocols.iter().map(|p| p.to_ascii_lowercase()));
        }
        if !self.parts.config.fetch_hosts.is_empty() {
            abilities.protocols.insert("https".to_owned());
        }
        Ok(abilities)
    }
}
