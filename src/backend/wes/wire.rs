//! The answers of WES servers, read with patience: every member may be missing or odd.

use serde::Deserialize;
use serde_json::Value;

use crate::backend::client::lenient::{list, number, or_default, text, texts};

/// The answer to a submission. Cromwell reports a failure with status 200 and the error's members.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Submitted {
    #[serde(deserialize_with = "text")]
    pub(super) run_id: Option<String>,
}

/// An error that came with status 200, as Cromwell sends it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct HiddenProblem {
    #[serde(deserialize_with = "text")]
    pub(super) run_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) msg: Option<String>,
    /// WES's member; DNAstack's own server says `error_code`.
    #[serde(deserialize_with = "number", alias = "error_code")]
    pub(super) status_code: Option<i64>,
}

/// Id and state of a run; in lists sometimes with its tags (`RunSummary` of WES 1.1.0).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RunStatus {
    #[serde(deserialize_with = "text")]
    pub(super) run_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) state: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) start_time: Option<String>,
    pub(super) tags: Value,
}

/// A page of runs. wes-service and Toil say `workflows`, as WES did before 1.0.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RunList {
    #[serde(deserialize_with = "list")]
    pub(super) runs: Vec<RunStatus>,
    #[serde(deserialize_with = "list")]
    pub(super) workflows: Vec<RunStatus>,
    #[serde(deserialize_with = "text")]
    pub(super) next_page_token: Option<String>,
    /// Whether it speaks of a next page at all, if only to say that there is none.
    #[serde(skip)]
    pub(super) paged: bool,
}

/// Everything about one run.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RunLog {
    #[serde(deserialize_with = "text")]
    pub(super) state: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(super) request: Request,
    #[serde(deserialize_with = "or_default")]
    pub(super) run_log: Log,
    #[serde(deserialize_with = "list")]
    pub(super) task_logs: Vec<Log>,
    #[serde(deserialize_with = "text")]
    pub(super) task_logs_url: Option<String>,
    pub(super) outputs: Value,
}

/// The request as the server repeats it. Everything but the tags is known better by the gateway, and
/// some servers put their own paths there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Request {
    pub(super) tags: Value,
}

/// The log of a run or of a task.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Log {
    #[serde(deserialize_with = "text", alias = "task_id")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) name: Option<String>,
    #[serde(deserialize_with = "texts")]
    pub(super) cmd: Vec<String>,
    #[serde(deserialize_with = "text")]
    pub(super) start_time: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) end_time: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) stdout: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) stderr: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) exit_code: Option<i64>,
    #[serde(deserialize_with = "texts")]
    pub(super) system_logs: Vec<String>,
}

/// A page of tasks (WES 1.1.0).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TaskList {
    #[serde(deserialize_with = "list")]
    pub(super) task_logs: Vec<Log>,
    #[serde(deserialize_with = "text")]
    pub(super) next_page_token: Option<String>,
}
