//! What a run needs of a service, read off its request once.

use std::collections::{BTreeMap, BTreeSet};

use super::{DatasetId, Imputation, Jurisdiction, Lack, ServiceId, Term};

/// What a run needs of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Needs {
    /// Workflow type, as the caller spelled it.
    pub workflow_type: String,
    /// Version of that type.
    pub workflow_type_version: String,
    /// Engine, where the caller named one.
    pub workflow_engine: Option<String>,
    /// `workflow_url` is no absolute URL, and is not among the files: only a service that keeps workflows
    /// of its own can know it.
    pub catalogue: bool,
    /// The canonical imputation request, where the run is one.
    pub imputation: Option<Imputation>,
    /// Protocols by which the service must fetch inputs itself, because the gateway may not.
    pub protocols: BTreeSet<String>,
    /// Countries that the data come from, where the caller said so: the run may go nowhere else.
    pub origin: BTreeSet<Jurisdiction>,
    /// The dataset that the data belong to, where the caller named one.
    pub dataset: Option<DatasetId>,
    /// What the data are used for, in terms of the Data Use Ontology and the like, where the caller said so.
    pub purpose: BTreeSet<Term>,
    /// The one service that the caller wants.
    pub service: Option<ServiceId>,
    /// The services for which the caller has entered a credential, and what keeps it from being shown.
    pub own_credentials: BTreeMap<ServiceId, Option<Lack>>,
}

impl Needs {
    /// Why the caller's own credential cannot be shown to a service, if it cannot.
    pub fn lack(&self, service: &ServiceId) -> Option<&Lack> {
        match self.own_credentials.get(service) {
            None => Some(&Lack::Missing),
            Some(lack) => lack.as_ref(),
        }
    }
}
