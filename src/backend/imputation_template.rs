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
    /// `{mode}`, `{r2_filter}`, `{files}` or `{password}` is replaced by what the request says, at any
    /// depth; one for which it says nothing is left out. A list item that holds `{file}` is repeated
    /// for each file, since CWL wants `{"class": "File", "location": "{file}"}`.
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
    /// How many samples it is made of.
    #[serde(default)]
    pub samples: Option<u64>,
    /// How many sites it has.
    #[serde(default)]
    pub sites: Option<u64>,
}

impl ImputationTemplate {
    /// The panels as an offer tells them. A build that is none is a mistake of the operator.
    pub fn offered_panels(&self) -> Result<Vec<ReferencePanel>, String> {
        self.panels.iter().map(PanelSettings::to_panel).collect()
    }

    /// Whether the workflow is told the names of its files.
    pub fn names_files(&self) -> bool {
        self.params.values().any(|value| holds(value, "{files}") || holds(value, "{file}"))
    }

    /// The request in the words of the operator's workflow. `names` are the names of the attachments,
    /// in order; files named by URL follow them.
    pub fn fill(
        &self,
        request: &RunRequest,
        order: &ImputationOrder,
        names: &[String],
    ) -> RunRequest {
        let filling = Filling { order, files: files_of(order, names) };
        let params = filling.object(&self.params, None);
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
            samples: self.samples,
            sites: self.sites,
        })
    }
}

/// The files by name: the attachments, then what the request names by URL.
fn files_of(order: &ImputationOrder, names: &[String]) -> Vec<String> {
    let urls = order.imputation.files.iter().filter_map(|file| match file {
        InputFile::Url(url) => Some(url.to_string()),
        InputFile::Attachment(_) => None,
    });
    names.iter().cloned().chain(urls).collect()
}

fn holds(value: &Value, placeholder: &str) -> bool {
    match value {
        Value::String(text) => text == placeholder,
        Value::Array(items) => items.iter().any(|item| holds(item, placeholder)),
        Value::Object(members) => members.values().any(|member| holds(member, placeholder)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

struct Filling<'a> {
    order: &'a ImputationOrder,
    files: Vec<String>,
}

impl Filling<'_> {
    fn object(&self, members: &Map<String, Value>, file: Option<&str>) -> Map<String, Value> {
        members
            .iter()
            .filter_map(|(name, member)| Some((name.clone(), self.value(member, file)?)))
            .collect()
    }

    /// The value with its placeholders filled; `file` is the one for which a list item is repeated.
    fn value(&self, value: &Value, file: Option<&str>) -> Option<Value> {
        match value {
            Value::String(text) => self.text(text, file),
            Value::Array(items) => {
                Some(Value::Array(items.iter().flat_map(|item| self.item(item, file)).collect()))
            }
            Value::Object(members) => Some(Value::Object(self.object(members, file))),
            Value::Null | Value::Bool(_) | Value::Number(_) => Some(value.clone()),
        }
    }

    fn item(&self, item: &Value, file: Option<&str>) -> Vec<Value> {
        if file.is_none() && holds(item, "{file}") {
            self.files.iter().filter_map(|file| self.value(item, Some(file))).collect()
        } else {
            self.value(item, file).into_iter().collect()
        }
    }

    fn text(&self, text: &str, file: Option<&str>) -> Option<Value> {
        use secrecy::ExposeSecret as _;

        let imputation = &self.order.imputation;
        Some(match text {
            "{panel}" => self.order.panel.key.clone().into(),
            "{population}" => imputation.population.clone()?.into(),
            "{build}" => imputation.build.as_str().into(),
            "{phasing}" => imputation.phasing.as_str().into(),
            "{mode}" => imputation.mode.as_str().into(),
            "{r2_filter}" => imputation.r2_filter.into(),
            "{password}" => self.order.archive_password.expose_secret().into(),
            "{files}" => self.files.clone().into(),
            // Outside a list there is one file at most.
            "{file}" => file.or(self.files.first().map(String::as_str))?.into(),
            other => other.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{Imputation, Mode, Phasing};

    fn order() -> ImputationOrder {
        ImputationOrder {
            imputation: Imputation {
                panel: "h3a".to_owned(),
                build: Build::Hg38,
                population: None,
                phasing: Phasing::Eagle,
                mode: Mode::Imputation,
                r2_filter: 0.3,
                aes_encryption: false,
                meta: false,
                files: vec![InputFile::Url("https://data.example/c.vcf.gz".parse().unwrap())],
            },
            panel: ReferencePanel {
                id: "h3a".to_owned(),
                key: "panel-7".to_owned(),
                name: "H3A".to_owned(),
                build: None,
                input_builds: vec![Build::Hg38],
                populations: Vec::new(),
                ..ReferencePanel::default()
            },
            archive_password: "abc123".to_owned().into(),
        }
    }

    #[test]
    fn placeholders_are_filled_at_any_depth() {
        let template: ImputationTemplate = serde_json::from_value(json!({
            "workflow_url": "https://w.example/impute.cwl", "workflow_type": "CWL",
            "workflow_type_version": "v1.2", "panels": [],
            "params": {
                "reference": "{panel}", "population": "{population}", "r2": "{r2_filter}",
                "names": "{files}", "note": "as is", "key": {"secret": "{password}"},
                "vcfs": [{"class": "File", "location": "{file}"}],
            },
        }))
        .unwrap();

        let names = ["a.vcf.gz".to_owned()];
        let request = template.fill(&RunRequest::default(), &order(), &names);

        assert!(template.names_files());
        let params = json!({
            "reference": "panel-7", "r2": 0.3,
            "names": ["a.vcf.gz", "https://data.example/c.vcf.gz"],
            "note": "as is", "key": {"secret": "abc123"},
            "vcfs": [
                {"class": "File", "location": "a.vcf.gz"},
                {"class": "File", "location": "https://data.example/c.vcf.gz"},
            ],
        });
        assert_eq!(Value::Object(request.workflow_params), params);
    }
}
