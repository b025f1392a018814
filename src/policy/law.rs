//! The law in force: the floor, and the policies of one epoch.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;

use super::{Denial, Floor, Permit, Refusal, RuleSet, bits::Bits};
use crate::{
    domain::{Caller, Dataset, Needs, PanelTerms},
    registry::Snapshot,
};

/// Most policies that are named where no service is left.
const MAX_TOLD: usize = 5;

/// What is asked: may this caller's run go there?
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// What the run needs.
    pub needs: &'a Needs,
    /// The record of the dataset that the run names, if there is one.
    pub dataset: Option<&'a Dataset>,
    /// What is said of the reference panel that the run names.
    pub panel: Option<&'a PanelTerms>,
    /// When: transfer bases and visas end.
    pub now: Timestamp,
}

impl<'a> Ask<'a> {
    /// A question about a run that names no dataset and no panel.
    pub fn new(caller: &'a Caller, needs: &'a Needs, now: Timestamp) -> Self {
        Self { caller, needs, dataset: None, panel: None, now }
    }
}

/// The floor and the policies of one epoch.
#[derive(Debug, Clone, Default)]
pub struct Law {
    pub(super) floor: Arc<Floor>,
    /// Without a set, the floor alone decides.
    pub(super) rules: Option<Arc<RuleSet>>,
    pub(super) epoch: u64,
}

impl Law {
    /// The floor, and policies that may take services away.
    pub fn new(floor: Arc<Floor>, rules: Option<Arc<RuleSet>>, epoch: u64) -> Self {
        Self { floor, rules, epoch }
    }

    /// The floor.
    pub fn floor(&self) -> &Arc<Floor> {
        &self.floor
    }

    /// The policies.
    pub fn rules(&self) -> Option<&Arc<RuleSet>> {
        self.rules.as_ref()
    }

    /// Counts the sets of policies that were put in force; 0 is the floor alone.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Settles where a run may go.
    pub fn evaluate(&self, ask: &Ask<'_>, fleet: &Snapshot) -> Result<Permit, Denial> {
        let permit = self.survey(ask, fleet)?;
        if permit.is_empty() {
            return Err(Denial::new(Refusal::NoService, words_for_none(&permit, fleet)));
        }
        Ok(permit)
    }

    /// The same, with a permit for no service where there is none.
    pub(super) fn survey(&self, ask: &Ask<'_>, fleet: &Snapshot) -> Result<Permit, Denial> {
        let area = self.floor.area(ask)?;
        let verdicts = self
            .rules
            .as_ref()
            .map(|rules| rules.verdicts(ask, &area.origin, fleet, &self.floor.blocs));
        let mut allowed = Bits::default();
        for row in fleet.rows() {
            if area.admits(row) && verdicts.as_ref().is_none_or(|all| all.allows(row.slot())) {
                allowed.set(row.slot());
            }
        }
        Ok(Permit { allowed, area, verdicts, epoch: self.epoch })
    }
}

/// Why no service is left: the floor, and the policies that took the last ones away.
fn words_for_none(permit: &Permit, fleet: &Snapshot) -> String {
    let mut words = permit.rule().to_owned();
    let Some(verdicts) = &permit.verdicts else { return words };
    let inside = fleet.rows().filter(|row| permit.area.admits(row));
    let mut told: Vec<String> = Vec::new();
    for verdict in inside.filter_map(|row| verdicts.of(row.slot())) {
        let text = verdict.words();
        if told.len() < MAX_TOLD && !told.contains(&text) {
            told.push(text);
        }
    }
    for text in told {
        words.push_str("; ");
        words.push_str(&text);
    }
    words
}

/// Where the law in force is kept, for all who decide. Who decides takes it once and decides on it.
#[derive(Debug, Default)]
pub struct Lawbook(ArcSwap<Law>);

impl Lawbook {
    /// A book that opens with this law.
    pub fn new(law: Law) -> Self {
        Self(ArcSwap::from_pointee(law))
    }

    /// The law in force.
    pub fn current(&self) -> Arc<Law> {
        self.0.load_full()
    }

    /// Puts another law in force, at once for everybody.
    pub fn replace(&self, law: Law) {
        self.0.store(Arc::new(law));
    }
}
