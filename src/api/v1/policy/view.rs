//! The policies in force, as the API shows them.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::{federation::InForce, ga4gh::time};

/// The policies in force.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct PolicyView {
    /// Counts the sets that were put in force; 0 means that the floor decides alone.
    epoch: u64,
    /// Who put them in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// The policies by their ids, with the reasons that stewards read.
    policies: BTreeMap<String, String>,
    /// Their files.
    files: Vec<String>,
    /// Tests of the set that hold.
    tests: usize,
    /// Policies that decide no test.
    untested: Vec<String>,
}

impl PolicyView {
    pub(super) fn of(set: &InForce) -> Self {
        let policies = set.rules.policies().map(|(id, reason)| (id.to_owned(), reason.to_owned()));
        Self {
            epoch: set.epoch,
            by: Some(set.by.clone()),
            at: Some(time::format(set.at)),
            policies: policies.collect(),
            files: set.rules.files().keys().cloned().collect(),
            tests: set.report.passed,
            untested: set.report.untested.clone(),
        }
    }
}
