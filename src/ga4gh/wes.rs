//! WES 1.1.0 on the wire. Names and nullability follow the official document: only
//! `RunLog.task_logs` may be null, so every absent member is left out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::service_info::Service;

/// The condition of a run (WES 1.1.0, `State`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Not known; also what a missing state means.
    Unknown,
    /// Waiting to be started.
    Queued,
    /// Assigned, and preparing to run.
    Initializing,
    /// The first executor has started.
    Running,
    /// Paused; optional in the specification.
    Paused,
    /// Ended without error, outputs in place.
    Complete,
    /// An executor failed, usually with a non-zero exit code.
    ExecutorError,
    /// Stopped by the system, not by an executor.
    SystemError,
    /// Canceled by the user.
    Canceled,
    /// The user canceled it, and it is still stopping.
    Canceling,
    /// Stopped because the system wanted its capacity back (new in 1.1.0).
    Preempted,
}

impl State {
    /// Every state, in the order of the specification.
    pub const ALL: [Self; 11] = [
        Self::Unknown,
        Self::Queued,
        Self::Initializing,
        Self::Running,
        Self::Paused,
        Self::Complete,
        Self::ExecutorError,
        Self::SystemError,
        Self::Canceled,
        Self::Canceling,
        Self::Preempted,
    ];

    /// The word of the specification.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Queued => "QUEUED",
            Self::Initializing => "INITIALIZING",
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::Complete => "COMPLETE",
            Self::ExecutorError => "EXECUTOR_ERROR",
            Self::SystemError => "SYSTEM_ERROR",
            Self::Canceled => "CANCELED",
            Self::Canceling => "CANCELING",
            Self::Preempted => "PREEMPTED",
        }
    }

    /// Reads the word of the specification; other words are `None`, and the caller decides.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether the run has ended. The specification never says which states are final; this is the
    /// reading of its wording that the TES test runner shares.
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Complete
            | Self::ExecutorError
            | Self::SystemError
            | Self::Canceled
            | Self::Preempted => true,
            Self::Unknown
            | Self::Queued
            | Self::Initializing
            | Self::Running
            | Self::Paused
            | Self::Canceling => false,
        }
    }
}

/// What the client asked for (`RunRequest`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunRequest {
    /// Parameters of the workflow, in the shape of its language.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub workflow_params: Map<String, Value>,
    /// Language of the workflow, such as `CWL`, or `IMPUTATION`.
    pub workflow_type: String,
    /// Version of that language.
    pub workflow_type_version: String,
    /// Labels of the caller; the gateway reads `origin`, `service` and `name`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Settings for the engine.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub workflow_engine_parameters: BTreeMap<String, String>,
    /// Engine to use (new in 1.1.0).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_engine: Option<String>,
    /// Version of that engine (new in 1.1.0).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_engine_version: Option<String>,
    /// The workflow itself: an absolute URL, or the name of an attachment.
    pub workflow_url: String,
}

/// The answer to a submission and to a cancel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunId {
    /// Id of the run.
    pub run_id: String,
}

/// Id and state of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunStatus {
    /// Id of the run.
    pub run_id: String,
    /// Its state.
    pub state: State,
}

/// One run in a list (new in 1.1.0; a 1.0 client reads the first two members).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunSummary {
    /// Id of the run.
    pub run_id: String,
    /// Its state.
    pub state: State,
    /// When it started, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// When it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    /// The caller's labels; required by the specification, possibly empty.
    pub tags: BTreeMap<String, String>,
}

/// A page of runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunListResponse {
    /// The runs that the caller may see.
    pub runs: Vec<RunSummary>,
    /// Where the next page starts; the empty string at the end.
    pub next_page_token: String,
}

/// The log of a run as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Log {
    /// Name of the workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The command line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cmd: Vec<String>,
    /// When it started, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// When it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    /// Absolute URL of standard output, readable with the caller's WES credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    /// Absolute URL of standard error, readable with the caller's WES credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr: Option<String>,
    /// Exit code; always there once the run has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What the system has to say about the run, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub system_logs: Vec<String>,
}

/// The log of one task of a run (new in 1.1.0).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TaskLog {
    /// Id of the task, unique within its run.
    pub id: String,
    /// Name of the task.
    pub name: String,
    /// The command line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cmd: Vec<String>,
    /// When it started, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// When it ended, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
    /// Absolute URL of standard output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    /// Absolute URL of standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr: Option<String>,
    /// Exit code; always there once the run has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What the system has to say about the task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub system_logs: Vec<String>,
    /// The same task on a TES server, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tes_uri: Option<String>,
}

/// Everything about one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RunLog {
    /// Id of the run.
    pub run_id: String,
    /// What the client asked for.
    pub request: RunRequest,
    /// Its state.
    pub state: State,
    /// The log of the run as a whole.
    pub run_log: Log,
    /// Absolute URL of the paged task list (new in 1.1.0).
    pub task_logs_url: String,
    /// All tasks; kept for 1.0 clients.
    pub task_logs: Vec<TaskLog>,
    /// What the run produced.
    #[schema(value_type = Object)]
    pub outputs: Map<String, Value>,
}

/// A page of tasks (new in 1.1.0).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TaskListResponse {
    /// The tasks, in the order of `RunLog.task_logs`.
    pub task_logs: Vec<TaskLog>,
    /// Where the next page starts; the empty string at the end.
    pub next_page_token: String,
}

/// Versions of a workflow language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkflowTypeVersion {
    /// Versions that are accepted.
    pub workflow_type_version: Vec<String>,
}

/// Versions of an engine (an object since 1.1.0; a plain string before).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkflowEngineVersion {
    /// Versions that are available.
    pub workflow_engine_version: Vec<String>,
}

/// A setting that an engine takes, with its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DefaultWorkflowEngineParameter {
    /// Name of the setting.
    pub name: String,
    /// Its type, as text.
    #[serde(rename = "type")]
    pub parameter_type: String,
    /// Its default, as text.
    pub default_value: String,
}

/// What this WES service is and can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceInfo {
    /// The members of every GA4GH service.
    #[serde(flatten)]
    pub service: Service,
    /// Languages and versions that are accepted.
    pub workflow_type_versions: BTreeMap<String, WorkflowTypeVersion>,
    /// WES versions that are served.
    pub supported_wes_versions: Vec<String>,
    /// Protocols from which inputs may be named.
    pub supported_filesystem_protocols: Vec<String>,
    /// Engines and versions that are available.
    pub workflow_engine_versions: BTreeMap<String, WorkflowEngineVersion>,
    /// Settings that the engines take.
    pub default_workflow_engine_parameters: Vec<DefaultWorkflowEngineParameter>,
    /// How many runs are in which state.
    pub system_state_counts: BTreeMap<String, i64>,
    /// How to get a credential.
    pub auth_instructions_url: String,
    /// Anything else.
    pub tags: BTreeMap<String, String>,
}
