//! What is known of a panel, put together from what all its holders tell. Pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::{Build, Population, ReferencePanel},
    panels::Terms,
};

/// What is known of a panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Name for people.
    pub name: String,
    /// Other names that holders give it.
    pub other_names: BTreeSet<String>,
    /// Builds of its own positions, as told.
    pub builds: BTreeSet<Build>,
    /// Builds of input that some holder takes.
    pub input_builds: BTreeSet<Build>,
    /// Populations that may be named at some holder.
    pub populations: Vec<Population>,
    /// Samples, where known.
    pub samples: Option<u64>,
    /// Sites, where known.
    pub sites: Option<u64>,
}

impl Facts {
    /// Puts together what holders tell, the first one first. Where none tells a count, people's word
    /// counts.
    pub(super) fn of<'a>(
        id: &str,
        told: impl Iterator<Item = &'a ReferencePanel>,
        terms: Option<&Terms>,
    ) -> Self {
        let mut facts = Self {
            name: String::new(),
            other_names: BTreeSet::new(),
            builds: BTreeSet::new(),
            input_builds: BTreeSet::new(),
            populations: Vec::new(),
            samples: None,
            sites: None,
        };
        let mut populations: BTreeMap<String, Population> = BTreeMap::new();
        for panel in told {
            if facts.name.is_empty() {
                facts.name.clone_from(&panel.name);
            } else if facts.name != panel.name {
                facts.other_names.insert(panel.name.clone());
            }
            facts.builds.extend(panel.build);
            facts.input_builds.extend(panel.input_builds.iter().copied());
            for population in &panel.populations {
                populations
                    .entry(population.id.to_ascii_lowercase())
                    .or_insert_with(|| population.clone());
            }
            facts.samples = facts.samples.or(panel.samples);
            facts.sites = facts.sites.or(panel.sites);
        }
        if facts.name.is_empty() {
            facts.name = id.to_owned();
        }
        facts.populations = populations.into_values().collect();
        facts.samples = facts.samples.or(terms.and_then(|terms| terms.samples));
        facts.sites = facts.sites.or(terms.and_then(|terms| terms.sites));
        facts
    }
}
