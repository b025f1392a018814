//! Policies come into force, are replaced, and are asked what they would say.
//!
//! A set is put in force as a whole, after it was validated and its own tests hold; one that is not good
//! changes nothing. What is in force is written down first, so that it survives whatever becomes of its
//! files.

mod evaluate;
mod folder;
mod reload;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::{
    datasets::{self, Datasets, PolicySets},
    domain::Clock,
    panels::Panels,
    policy::{Config, Failure, Flaw, Floor, Lawbook},
    registry::Registry,
};

pub use self::{folder::read_policies, reload::InForce};

/// What the use cases around policies stand on.
#[derive(Debug)]
pub struct PolicyParts {
    /// Settings.
    pub config: Config,
    /// The floor, read from the settings.
    pub floor: Arc<Floor>,
    /// Where the law in force is kept.
    pub law: Arc<Lawbook>,
    /// The sets that were in force.
    pub sets: PolicySets,
    /// Where data come from.
    pub datasets: Arc<Datasets>,
    /// What is said of reference panels.
    pub panels: Arc<Panels>,
    /// The services.
    pub registry: Arc<Registry>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
}

/// The use cases around policies.
#[derive(Debug)]
pub struct Policies {
    parts: PolicyParts,
    /// One change at a time; what it guards is what is known of the set in force.
    in_force: Mutex<Option<InForce>>,
}

/// Why a set of policies did not come into force, or a question was not answered. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The configuration names no folder.
    #[error("the configuration names no folder with policies (policy.dir)")]
    NoFolder,
    /// The folder cannot be read.
    #[error("the folder with policies cannot be read: {0}")]
    Unreadable(String),
    /// The set is wrong.
    #[error("the policies are wrong, and those before stay in force: {}", list(.0))]
    Flawed(Vec<Flaw>),
    /// The set's own tests do not hold.
    #[error("tests of the policies do not hold, and those before stay in force: {}", failing(.0))]
    Failing(Vec<Failure>),
    /// The scenario cannot be understood.
    #[error("{0}")]
    Scenario(String),
    /// The gateway itself failed.
    #[error("the gateway failed")]
    Internal(#[source] datasets::Error),
}

/// As many problems are told.
const MAX_TOLD: usize = 20;

fn list(flaws: &[Flaw]) -> String {
    let told: Vec<_> = flaws.iter().take(MAX_TOLD).map(ToString::to_string).collect();
    told.join("; ")
}

fn failing(failures: &[Failure]) -> String {
    let told = failures.iter().take(MAX_TOLD);
    let told: Vec<_> =
        told.map(|Failure { file, test, why }| format!("{file}: test `{test}`: {why}")).collect();
    told.join("; ")
}

impl From<datasets::Error> for PolicyError {
    fn from(error: datasets::Error) -> Self {
        Self::Internal(error)
    }
}
