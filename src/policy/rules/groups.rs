//! Services that no policy can tell apart fall into one group, and are asked about once.

use std::collections::{HashMap, HashSet};

use crate::{
    domain::{Jurisdiction, Service, ServiceId},
    registry::Snapshot,
};

/// What policies can know of a service.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Facts {
    /// One that policies name, or somebody who stands for all in the group.
    pub(super) named: Option<ServiceId>,
    pub(super) kind: String,
    pub(super) jurisdiction: Jurisdiction,
    pub(super) controller: Jurisdiction,
    pub(super) certifications: Vec<String>,
    pub(super) organization: Option<String>,
}

/// How the services of a fleet fall into groups.
#[derive(Debug)]
pub(super) struct Groups {
    /// The view of the records that it was made of.
    pub(super) records: u64,
    pub(super) groups: Vec<Facts>,
    /// The group of each service, by its slot.
    of: HashMap<u32, u32>,
}

impl Groups {
    pub(super) fn of(fleet: &Snapshot, named: &HashSet<String>) -> Self {
        let mut groups = Vec::new();
        let mut known: HashMap<Facts, u32> = HashMap::new();
        let mut of = HashMap::with_capacity(fleet.len());
        for row in fleet.rows() {
            let facts = Facts::of(row.listing().service(), named);
            let group = *known.entry(facts).or_insert_with_key(|facts| {
                groups.push(facts.clone());
                u32::try_from(groups.len() - 1).expect("fewer services than u32 counts")
            });
            of.insert(row.slot(), group);
        }
        Self { records: fleet.records(), groups, of }
    }

    /// The group of a service.
    pub(super) fn group(&self, slot: u32) -> Option<usize> {
        self.of.get(&slot).map(|group| *group as usize)
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = (u32, usize)> {
        self.of.iter().map(|(slot, group)| (*slot, *group as usize))
    }
}

impl Facts {
    fn of(service: &Service, named: &HashSet<String>) -> Self {
        Self {
            named: named.contains(service.id.as_str()).then(|| service.id.clone()),
            kind: service.kind.clone(),
            jurisdiction: service.jurisdiction,
            controller: service.controller(),
            certifications: service.certifications.iter().cloned().collect(),
            organization: service.organization.as_ref().map(|(name, _)| name.clone()),
        }
    }
}
