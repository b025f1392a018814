//! Whether one service could take a run, by what it offers.

use super::{Candidate, IMPUTATION};
use crate::domain::{Imputation, Needs, Offer, ReferencePanel, ServiceId};

/// Why a service could never take a request. Ordered by how close the request came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The caller asked for another service.
    #[error("the caller wants `{0}` and no other")]
    OtherService(ServiceId),
    /// It does not run this workflow type.
    #[error("workflow_type `{0}` is not offered")]
    WorkflowType(String),
    /// It does not run this version of the workflow type.
    #[error(
        "workflow_type_version `{wanted}` of {workflow_type} is not offered; there is {offered}"
    )]
    WorkflowTypeVersion {
        /// The type.
        workflow_type: String,
        /// The version that was asked for.
        wanted: String,
        /// The versions that there are.
        offered: String,
    },
    /// It does not have this engine.
    #[error("workflow_engine `{0}` is not offered")]
    WorkflowEngine(String),
    /// It keeps no workflows of its own, and the one that is named did not come along.
    #[error("`workflow_url` is no absolute URL, and no attachment has its name")]
    WorkflowNotAttached,
    /// It does not have this panel.
    #[error("the reference panel `{0}` is not offered")]
    Panel(String),
    /// The panel does not know this population.
    #[error("panel `{panel}` knows no population `{wanted}`; it knows {known}")]
    Population {
        /// The panel.
        panel: String,
        /// The population that was asked for.
        wanted: String,
        /// The populations that there are.
        known: String,
    },
    /// The panel needs a population.
    #[error("panel `{panel}` needs a population; it knows {known}")]
    NoPopulation {
        /// The panel.
        panel: String,
        /// The populations that there are.
        known: String,
    },
    /// The service does not take input of this build for the panel.
    #[error("panel `{panel}` takes no input in build {wanted} here; it takes {taken}")]
    Build {
        /// The panel.
        panel: String,
        /// The build of the input.
        wanted: String,
        /// The builds that are taken.
        taken: String,
    },
}

impl Misfit {
    /// How close the request came: the closest misfit tells its caller most.
    pub(super) fn closeness(&self) -> u8 {
        match self {
            Self::OtherService(_) => 0,
            Self::WorkflowType(_) => 1,
            Self::WorkflowTypeVersion { .. } => 2,
            Self::WorkflowEngine(_) => 3,
            Self::WorkflowNotAttached => 4,
            Self::Panel(_) => 5,
            Self::Population { .. } | Self::NoPopulation { .. } => 6,
            Self::Build { .. } => 7,
        }
    }
}

pub(super) fn fit(needs: &Needs, id: &ServiceId, offer: &Offer) -> Result<Candidate, Misfit> {
    if let Some(wanted) = needs.service.as_ref().filter(|wanted| *wanted != id) {
        return Err(Misfit::OtherService(wanted.clone()));
    }
    let Some(workflow_type) = offer.workflow_type(&needs.workflow_type) else {
        return Err(Misfit::WorkflowType(needs.workflow_type.clone()));
    };
    check_version(needs, offer, workflow_type)?;
    check_engine(needs, offer)?;
    if needs.catalogue && !offer.catalogue {
        return Err(Misfit::WorkflowNotAttached);
    }
    let panel = match &needs.imputation {
        Some(imputation) => Some(fit_panel(imputation, offer)?.clone()),
        None => None,
    };
    Ok(Candidate {
        service_id: id.clone(),
        workflow_type: workflow_type.to_owned(),
        panel,
        fetches: offer.protocols.clone(),
    })
}

/// A version must be listed, but for a leading `v` that some write and some do not. A service that
/// lists none takes any: it did not say.
fn check_version(needs: &Needs, offer: &Offer, workflow_type: &str) -> Result<(), Misfit> {
    let offered = &offer.workflow_types[workflow_type];
    let bare = |version: &str| version.trim_start_matches('v').to_ascii_lowercase();
    let wanted = bare(&needs.workflow_type_version);
    if offered.is_empty() || offered.iter().any(|version| bare(version) == wanted) {
        return Ok(());
    }
    Err(Misfit::WorkflowTypeVersion {
        workflow_type: workflow_type.to_owned(),
        wanted: needs.workflow_type_version.clone(),
        offered: offered.join(", "),
    })
}

fn check_engine(needs: &Needs, offer: &Offer) -> Result<(), Misfit> {
    match &needs.workflow_engine {
        Some(engine) if !offer.engines.keys().any(|own| own.eq_ignore_ascii_case(engine)) => {
            Err(Misfit::WorkflowEngine(engine.clone()))
        }
        Some(_) | None => Ok(()),
    }
}

fn fit_panel<'a>(imputation: &Imputation, offer: &'a Offer) -> Result<&'a ReferencePanel, Misfit> {
    let Some(panel) = offer.panel(&imputation.panel) else {
        return Err(Misfit::Panel(imputation.panel.clone()));
    };
    let known = || panel.populations.iter().map(|p| p.id.as_str()).collect::<Vec<_>>().join(", ");
    match &imputation.population {
        Some(wanted) if panel.population(wanted).is_none() => {
            return Err(Misfit::Population {
                panel: panel.id.clone(),
                wanted: wanted.clone(),
                known: known(),
            });
        }
        // Cloudgene would take a missing population for `off`, and fail later where a panel has no `off`.
        None if !panel.populations.is_empty() && panel.population("off").is_none() => {
            return Err(Misfit::NoPopulation { panel: panel.id.clone(), known: known() });
        }
        Some(_) | None => {}
    }
    if !panel.input_builds.is_empty() && !panel.input_builds.contains(&imputation.build) {
        let taken = panel.input_builds.iter().map(|build| build.as_str()).collect::<Vec<_>>();
        return Err(Misfit::Build {
            panel: panel.id.clone(),
            wanted: imputation.build.to_string(),
            taken: taken.join(", "),
        });
    }
    Ok(panel)
}

/// Whether a workflow type names the canonical imputation request.
pub fn is_imputation(workflow_type: &str) -> bool {
    workflow_type.eq_ignore_ascii_case(IMPUTATION)
}
