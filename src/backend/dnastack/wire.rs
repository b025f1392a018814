//! The JSON of DNAstack Workbench (EWES and workflow-service), as its own client reads it. Every
//! member may be null.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::backend::client::lenient::{list, number, or_default, text, texts};

/// What is submitted. EWES takes JSON, not a form.
#[derive(Debug, Serialize)]
pub(super) struct RunRequest<'a> {
    pub(super) workflow_url: &'a str,
    pub(super) workflow_type: &'a str,
    pub(super) workflow_type_version: &'a str,
    pub(super) workflow_params: &'a Map<String, Value>,
    /// The engine is chosen here, as `engine_id`.
    pub(super) workflow_engine_parameters: BTreeMap<&'a str, &'a str>,
    pub(super) tags: BTreeMap<&'a str, &'a str>,
}

/// The answer to a submission: id and state, or an error, whatever the HTTP status.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MinimalRun {
    #[serde(deserialize_with = "text")]
    pub(super) run_id: Option<String>,
    #[serde(flatten)]
    pub(super) failure: Failure,
}

/// The error body of Workbench services.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Failure {
    #[serde(deserialize_with = "text")]
    pub(super) msg: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) error_code: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) trace_id: Option<String>,
}

/// One run in a list, and the answer about its status.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RunStatus {
    #[serde(deserialize_with = "text")]
    pub(super) run_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) state: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) tags: Map<String, Value>,
}

/// A page of runs, tasks or engines. Only `next_page_url` leads on; there is a `next_page_token` too,
/// which leads nowhere.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Page {
    #[serde(deserialize_with = "list")]
    pub(super) runs: Vec<RunStatus>,
    #[serde(deserialize_with = "list")]
    pub(super) tasks: Vec<Log>,
    #[serde(deserialize_with = "list")]
    pub(super) engines: Vec<Engine>,
    #[serde(deserialize_with = "or_default")]
    pub(super) pagination: Pagination,
}

/// Where the next page is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Pagination {
    #[serde(deserialize_with = "text")]
    pub(super) next_page_url: Option<String>,
}

/// An execution engine of a namespace.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Engine {
    #[serde(deserialize_with = "text")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) name: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) default: bool,
}

/// Everything about one run.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Run {
    #[serde(deserialize_with = "text")]
    pub(super) state: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) request: Request,
    #[serde(deserialize_with = "or_default")]
    pub(super) run_log: Log,
    #[serde(deserialize_with = "texts")]
    pub(super) errors: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) outputs: Map<String, Value>,
}

/// The part of the request that the gateway does not know itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Request {
    #[serde(deserialize_with = "text")]
    pub(super) workflow_name: Option<String>,
}

/// The log of a run or of a task.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Log {
    #[serde(deserialize_with = "text")]
    pub(super) task_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) pretty_name: Option<String>,
    /// Anything: a text or a list.
    #[serde(deserialize_with = "texts")]
    pub(super) cmd: Vec<String>,
    #[serde(deserialize_with = "text")]
    pub(super) start_time: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) end_time: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) exit_code: Option<i64>,
}

/// The answer to a new workflow. This service alone writes camelCase.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Workflow {
    #[serde(deserialize_with = "text")]
    pub(super) internal_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) latest_version: Option<String>,
}
