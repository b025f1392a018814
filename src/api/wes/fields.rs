//! The fields of a submission, whatever form they came in.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    api::error::{ApiError, Result},
    ga4gh::wes::RunRequest,
};

/// The fields that have come so far.
#[derive(Debug, Default)]
pub(super) struct Fields {
    texts: BTreeMap<Field, String>,
}

/// The fields that mean something (WES 1.1.0, `RunWorkflow`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Field {
    Params,
    Type,
    TypeVersion,
    Tags,
    EngineParameters,
    Engine,
    EngineVersion,
    Url,
}

/// The longest field that is read.
pub(super) const MAX_FIELD_BYTES: usize = 8 * 1024 * 1024;

impl Field {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "workflow_params" => Self::Params,
            "workflow_type" => Self::Type,
            "workflow_type_version" => Self::TypeVersion,
            "tags" => Self::Tags,
            "workflow_engine_parameters" => Self::EngineParameters,
            // Clients of older servers of one kind still use the second name.
            "workflow_engine" | "workflow_engine_name" => Self::Engine,
            "workflow_engine_version" => Self::EngineVersion,
            "workflow_url" => Self::Url,
            _ => return None,
        })
    }
}

impl Fields {
    /// Whether a field of this name means something.
    pub(super) fn knows(name: &str) -> bool {
        Field::of(name).is_some()
    }

    /// Whether a run can be decided on: its parameters and everything that is required have come.
    pub(super) fn is_complete(&self) -> bool {
        [Field::Params, Field::Type, Field::TypeVersion, Field::Url]
            .iter()
            .all(|field| self.texts.contains_key(field))
    }

    /// Takes a field. One that means nothing is left out; one that comes again must say the same.
    pub(super) fn set(&mut self, name: &str, text: String) -> Result<()> {
        let Some(field) = Field::of(name) else { return Ok(()) };
        match self.texts.get(&field) {
            Some(before) if *before != text => Err(ApiError::bad_request(
                "contradictory_fields",
                format!("`{name}` came twice and says two things"),
            )),
            Some(_) => Ok(()),
            None => {
                self.texts.insert(field, text);
                Ok(())
            }
        }
    }

    /// Takes a member of a JSON body.
    pub(super) fn set_json(&mut self, name: &str, value: Value) -> Result<()> {
        match value {
            Value::Null => Ok(()),
            Value::String(text) => self.set(name, text),
            Value::Object(_) => self.set(name, value.to_string()),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) if Self::knows(name) => Err(
                ApiError::bad_request("bad_json", format!("`{name}` is neither text nor object")),
            ),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => Ok(()),
        }
    }

    /// The request. What is missing is told by the use case, which knows what a run needs.
    pub(super) fn into_request(mut self) -> Result<RunRequest> {
        let mut take = |field| self.texts.remove(&field);
        Ok(RunRequest {
            workflow_params: object("workflow_params", take(Field::Params))?,
            workflow_type: take(Field::Type).unwrap_or_default(),
            workflow_type_version: take(Field::TypeVersion).unwrap_or_default(),
            tags: texts("tags", take(Field::Tags))?,
            workflow_engine_parameters: texts(
                "workflow_engine_parameters",
                take(Field::EngineParameters),
            )?,
            workflow_engine: take(Field::Engine).filter(|text| !text.is_empty()),
            workflow_engine_version: take(Field::EngineVersion).filter(|text| !text.is_empty()),
            workflow_url: take(Field::Url).unwrap_or_default(),
        })
    }
}

fn object(name: &str, text: Option<String>) -> Result<Map<String, Value>> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(Map::new()) };
    serde_json::from_str(&text).map_err(|error| {
        ApiError::bad_request("bad_json", format!("`{name}` is no JSON object: {error}"))
    })
}

/// An object of texts. Numbers and truth values are taken as text, since clients send them.
fn texts(name: &str, text: Option<String>) -> Result<BTreeMap<String, String>> {
    object(name, text)?
        .into_iter()
        .map(|(key, value)| match value {
            Value::String(text) => Ok((key, text)),
            Value::Null => Ok((key, String::new())),
            Value::Bool(_) | Value::Number(_) => Ok((key, value.to_string())),
            Value::Array(_) | Value::Object(_) => Err(ApiError::bad_request(
                "bad_json",
                format!("`{name}` is an object of texts, and `{key}` in it is none"),
            )),
        })
        .collect()
}
