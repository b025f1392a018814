//! Policies that people wrote, in Cedar: checked as a whole before they are in force, and then asked about
//! each kind of service once.

mod compile;
mod entities;
mod groups;
mod verdicts;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex},
};

use cedar_policy::{Authorizer, PolicySet, Schema};

pub(super) use self::verdicts::Verdicts;
use self::{groups::Groups, verdicts::Key};
use super::table::Case;

/// What policies can ask about.
pub const SCHEMA: &str = include_str!("schema.cedarschema");

/// As many answers are kept, and as many words about groups of services in all of them; beyond that all
/// are forgotten.
const MAX_KEPT: usize = 4_096;
const MAX_KEPT_GROUPS: usize = 400_000;

/// A set of policies, compiled and validated.
pub struct RuleSet {
    policies: PolicySet,
    schema: Schema,
    authorizer: Authorizer,
    /// What a steward reads of each policy, by its id.
    reasons: BTreeMap<String, Arc<str>>,
    /// Services that policies name one by one.
    named: HashSet<String>,
    /// Whether policies name callers one by one.
    names_callers: bool,
    cases: Vec<Case>,
    /// Files of the set by their names.
    files: BTreeMap<String, String>,
    /// Guards the answers that were given; held for one look or one insertion.
    kept: Mutex<HashMap<Key, Arc<Verdicts>>>,
    /// Guards how the services of the last fleet fall into groups; held for one look or one change.
    groups: Mutex<Option<Arc<Groups>>>,
}

/// What is wrong with a set of policies, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The file.
    pub file: String,
    /// In words for people.
    pub why: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.why)
    }
}

impl RuleSet {
    /// The ids of the policies, with what a steward reads of each.
    pub fn policies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.reasons.iter().map(|(id, reason)| (id.as_str(), reason.as_ref()))
    }

    /// How many policies there are.
    pub fn len(&self) -> usize {
        self.reasons.len()
    }

    /// Whether there is none, so that nothing is permitted.
    pub fn is_empty(&self) -> bool {
        self.reasons.is_empty()
    }

    /// The rows of its tables of tests.
    pub(super) fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// The files that it was made of, by their names.
    pub fn files(&self) -> &BTreeMap<String, String> {
        &self.files
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleSet").field("policies", &self.len()).finish_non_exhaustive()
    }
}
