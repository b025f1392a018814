//! What would become of a run at every service, and by which rule, in words that a data steward reads.

use super::{Ask, Denial, Law, Permit};
use crate::{
    domain::ServiceId,
    registry::{Row, Snapshot},
};

/// What would become of a run at every service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Counts the sets of policies that were put in force; 0 is the floor alone.
    pub epoch: u64,
    /// Where the data may be by where they come from, in words.
    pub rule: String,
    /// Why no service was even looked at.
    pub denial: Option<Denial>,
    /// Every service, in the order of ids.
    pub services: Vec<Ruling>,
}

/// What would become of a run at one service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// Which service.
    pub service: ServiceId,
    /// Whether it may go there.
    pub allowed: bool,
    /// What programs call the rule that decided: `origin` for the floor, or the id of a policy.
    pub rule: String,
    /// In words for a data steward.
    pub words: String,
}

/// What programs call the floor.
const FLOOR: &str = "origin";

impl Law {
    /// What would become of a run at every service.
    pub fn explain(&self, ask: &Ask<'_>, fleet: &Snapshot) -> Explained {
        match self.survey(ask, fleet) {
            Ok(permit) => Explained {
                epoch: self.epoch,
                rule: permit.rule().to_owned(),
                denial: None,
                services: fleet.rows().map(|row| Ruling::of(&permit, row)).collect(),
            },
            Err(denial) => Explained {
                epoch: self.epoch,
                rule: denial.rule.clone(),
                services: fleet.services().map(|l| Ruling::denied(l.id(), &denial)).collect(),
                denial: Some(denial),
            },
        }
    }
}

impl Ruling {
    fn of(permit: &Permit, row: &Row) -> Self {
        let listing = row.listing();
        let ruling = |allowed, rule: &str, words| Self {
            service: listing.id().clone(),
            allowed,
            rule: rule.to_owned(),
            words,
        };
        if !permit.area.admits(row) {
            return ruling(false, FLOOR, permit.area.words_against(listing.service()));
        }
        match permit.verdicts.as_ref().and_then(|verdicts| verdicts.of(row.slot())) {
            Some(refused) => ruling(false, refused.rule(), refused.words()),
            None if permit.admits(listing) => ruling(true, FLOOR, permit.rule().to_owned()),
            None => ruling(false, FLOOR, "it is not among the services".to_owned()),
        }
    }

    fn denied(id: &ServiceId, denial: &Denial) -> Self {
        Self {
            service: id.clone(),
            allowed: false,
            rule: FLOOR.to_owned(),
            words: denial.rule.clone(),
        }
    }
}
