//! Whether one service could take a run, by what it offers.

use super::IMPUTATION;
use crate::domain::{Imputation, Needs, Offer, ReferencePanel};

/// Why a service could never take a request. In the order of how close the request came; the words are
/// made when somebody reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Misfit {
    /// The caller asked for another service.
    OtherService,
    /// It does not run this workflow type.
    WorkflowType,
    /// It does not run this version of the workflow type.
    WorkflowTypeVersion,
    /// It does not have this engine.
    WorkflowEngine,
    /// It keeps no workflows of its own, and the one that is named did not come along.
    WorkflowNotAttached,
    /// It does not have this panel.
    Panel,
    /// The panel does not know this population.
    Population,
    /// The panel needs a population.
    NoPopulation,
    /// The service does not take input of this build for the panel.
    Build,
    /// It cannot fetch the inputs itself, and the gateway may not.
    Inputs,
}

/// How a run is put to a service that can take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The workflow type as this service spells it.
    pub workflow_type: String,
    /// The reference panel as this service offers it, where the run imputes.
    pub panel: Option<ReferencePanel>,
    /// Protocols by which it fetches inputs itself.
    pub protocols: Vec<String>,
}

impl Fit {
    /// Whether the service can fetch an input of this scheme itself.
    pub fn fetches(&self, scheme: &str) -> bool {
        self.protocols.iter().any(|protocol| protocol.eq_ignore_ascii_case(scheme))
    }

    /// How a run is put to a service whose offer was found to fit.
    pub(super) fn of(needs: &Needs, offer: &Offer) -> Self {
        let own = offer.workflow_type(&needs.workflow_type).unwrap_or(&needs.workflow_type);
        let panel = needs.imputation.as_ref().and_then(|i| offer.panel(&i.panel));
        Self {
            workflow_type: own.to_owned(),
            panel: panel.cloned(),
            protocols: offer.protocols.clone(),
        }
    }
}

/// Compares what a run needs with what a service offers, whoever the caller named.
pub(super) fn check(needs: &Needs, offer: &Offer) -> Result<(), Misfit> {
    let Some(versions) = offer.versions(&needs.workflow_type) else {
        return Err(Misfit::WorkflowType);
    };
    // A service that lists no version takes any: it did not say.
    let wanted = bare(&needs.workflow_type_version);
    if !versions.is_empty() && !versions.iter().any(|own| bare(own).eq_ignore_ascii_case(wanted)) {
        return Err(Misfit::WorkflowTypeVersion);
    }
    if let Some(engine) = &needs.workflow_engine
        && !offer.engines.keys().any(|own| own.eq_ignore_ascii_case(engine))
    {
        return Err(Misfit::WorkflowEngine);
    }
    if needs.catalogue && !offer.catalogue {
        return Err(Misfit::WorkflowNotAttached);
    }
    if let Some(imputation) = &needs.imputation {
        check_panel(imputation, offer)?;
    }
    if needs.protocols.iter().all(|protocol| offer.fetches(protocol)) {
        Ok(())
    } else {
        Err(Misfit::Inputs)
    }
}

/// Some write a leading `v`, and some do not.
fn bare(version: &str) -> &str {
    version.trim_start_matches(['v', 'V'])
}

fn check_panel(imputation: &Imputation, offer: &Offer) -> Result<(), Misfit> {
    let Some(panel) = offer.panel(&imputation.panel) else { return Err(Misfit::Panel) };
    match &imputation.population {
        Some(wanted) if panel.population(wanted).is_none() => return Err(Misfit::Population),
        // Cloudgene would take a missing population for `off`, and fail later where a panel has no `off`.
        None if !panel.populations.is_empty() && panel.population("off").is_none() => {
            return Err(Misfit::NoPopulation);
        }
        Some(_) | None => {}
    }
    if !panel.input_builds.is_empty() && !panel.input_builds.contains(&imputation.build) {
        return Err(Misfit::Build);
    }
    Ok(())
}

impl Misfit {
    /// What is missing, in words for people.
    pub(super) fn words(self, needs: &Needs, offer: Option<&Offer>) -> String {
        let none = Offer::default();
        let offer = offer.unwrap_or(&none);
        let (kind, version) = (&needs.workflow_type, &needs.workflow_type_version);
        match self {
            Self::OtherService => {
                let wanted = needs.service.as_ref().map_or("another", |id| id.as_str());
                format!("the caller wants `{wanted}` and no other")
            }
            Self::WorkflowType => format!("workflow_type `{kind}` is not offered"),
            Self::WorkflowTypeVersion => format!(
                "workflow_type_version `{version}` of {} is not offered; there is {}",
                offer.workflow_type(kind).unwrap_or(kind),
                offer.versions(kind).unwrap_or_default().join(", ")
            ),
            Self::WorkflowEngine => {
                let engine = needs.workflow_engine.as_deref().unwrap_or_default();
                format!("workflow_engine `{engine}` is not offered")
            }
            Self::WorkflowNotAttached => {
                "`workflow_url` is no absolute URL, and no attachment has its name".to_owned()
            }
            Self::Inputs => "it cannot fetch the inputs itself, and the gateway may not".to_owned(),
            Self::Panel | Self::Population | Self::NoPopulation | Self::Build => {
                let panel = needs.imputation.as_ref().map(|i| (i, offer.panel(&i.panel)));
                match panel {
                    Some((imputation, Some(panel))) => self.words_of_panel(imputation, panel),
                    Some((i, None)) => format!("the reference panel `{}` is not offered", i.panel),
                    None => "the reference panel is not offered".to_owned(),
                }
            }
        }
    }

    fn words_of_panel(self, imputation: &Imputation, panel: &ReferencePanel) -> String {
        let id = &panel.id;
        let known: Vec<_> = panel.populations.iter().map(|p| p.id.as_str()).collect();
        let known = known.join(", ");
        match (self, &imputation.population) {
            (Self::Population, Some(wanted)) => {
                format!("panel `{id}` knows no population `{wanted}`; it knows {known}")
            }
            (Self::Build, _) => {
                let taken: Vec<_> = panel.input_builds.iter().map(|build| build.as_str()).collect();
                let (wanted, taken) = (imputation.build, taken.join(", "));
                format!("panel `{id}` takes no input in build {wanted} here; it takes {taken}")
            }
            _ => format!("panel `{id}` needs a population; it knows {known}"),
        }
    }
}

/// Whether a workflow type names the canonical imputation request.
pub fn is_imputation(workflow_type: &str) -> bool {
    workflow_type.eq_ignore_ascii_case(IMPUTATION)
}
