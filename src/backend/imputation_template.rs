//! How a service that knows no imputation protocol imputes: by a workflow that its operator names.
//!
//! The adapters of such services share this: settings under `imputation` become one run request.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::ImputationOrder;
use crate::{
    domain::{Build, InputFile, Population, ReferencePanel},
    ga4gh::wes::RunRequest,
};

/// Settings `imputation` of a service.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImputationTemplate {
    /// The workflow that imputes, as the service wants to hear it.
    pub workflow_url: String,
    /// Its language.
    pub workflow_type: String,
    /// Version of that language.
    pub workflow_type_version: String,
    /// Engine to ask for, where the service wants one named.
    #[serde(default)]
    pub workflow_engine: Option<String>,
    /// Settings for that engine.
    #[serde(default)]
    pub workflow_engine_parameters: BTreeMap<String, String>,
    /// Parameters of the workflow. A text value of `{panel}`, `{population}`, `{build}`, `{phasing}`,
    /// `{mode}`, `{r2_filter}`, `{files}` or `{password}` is replaced by what the request says; one for
    /// which it says nothing is left out.
    pub params: Map<String, Value>,
    /// The panels that the workflow can impute against.
    pub panels: Vec<PanelSettings>,
}

/// A panel of a template.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelSettings {
    /// What a request calls it.
    pub id: String,
    /// What the workflow calls it; its id, unless set.
    #[serde(default)]
    pub key: Option<String>,
    /// Name for people; its id, unless set.
    #[serde(default)]
    pub name: Option<String>,
    /// Build of the panel.
    pub build: String,
    /// Builds that the workflow lifts over from, besides the panel's own.
    #[serde(default)]
    pub lifts_from: Vec<String>,
    /// Populations that may be named.
    #[serde(default)]
    pub populations: Vec<String>,
}

impl ImputationTemplate {
    /// The panels as an offer tells them. A build that is none is a mistake of the operator.
    pub fn offered_panels(&self) -> Result<Vec<ReferencePanel>, String> {
        self.panels.iter().map(PanelSettings::to_panel).collect()
    }

    /// The request in the words of the operator's workflow. `names` are the names of the attachments,
    /// in order; files named by URL follow them.
    pub fn fill(
        &self,
        request: &RunRequest,
        order: &ImputationOrder,
        names: &[String],
    ) -> RunRequest {
        let mut params = Map::new();
        for (name, value) in &self.params {
            if let Some(value) = fill_value(value, order, names) {
                params.insert(name.clone(), value);
            }
        }
        RunRequest {
            workflow_params: params,
            workflow_type: self.workflow_type.clone(),
            workflow_type_version: self.workflow_type_version.clone(),
            tags: request.tags.clone(),
            workflow_engine_parameters: self.workflow_engine_parameters.clone(),
            workflow_engine: self.workflow_engine.clone(),
            workflow_engine_version: None,
            workflow_url: self.workflow_url.clone(),
        }
    }
}

impl PanelSettings {
    fn to_panel(&self) -> Result<ReferencePanel, String> {
        let build: Build = self.build.parse()?;
        let mut input_builds = vec![build];
        for text in &self.lifts_from {
            input_builds.push(text.parse()?);
        }
        Ok(ReferencePanel {
            id: self.id.clone(),
            key: self.key.clone().unwrap_or_else(|| self.id.clone()),
            name: self.name.clone().unwrap_or_else(|| self.id.clone()),
            build: Some(build),
            input_builds,
            populations: self
                .populations
                .iter()
                .map(|id| Population { id: id.clone(), name: id.to_uppercase() })
                .collect(),
        })
    }
}

fn fill_value(value: &Value, order: &ImputationOrder, names: &[String]) -> Option<Value> {
    use secrecy::ExposeSecret as _;

    let Some(text) = value.as_str() else { return Some(value.clone()) };
    let imputation = &order.imputation;
    let filled = match text {
        "{panel}" => order.panel.key.clone().into(),
        "{population}" => imputation.population.clone()?.into(),
        "{build}" => imputation.build.as_str().into(),
        "{phasing}" => imputation.phasing.as_str().into(),
        "{mode}" => imputation.mode.as_str().into(),
        "{r2_filter}" => imputation.r2_filter.into(),
        "{password}" => order.archive_password.expose_secret().into(),
        "{files}" => names
            .iter()
            .cloned()
            .chain(imputation.files.iter().filter_map(|file| match file {
                InputFile::Url(url) => Some(url.to_string()),
                InputFile::Attachment(_) => None,
            }))
            .collect::<Vec<_>>()
            .into(),
        _ => value.clone(),
    };
    Some(filled)
}
