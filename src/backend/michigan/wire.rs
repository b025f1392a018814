//! Cloudgene's JSON as it is, versions 2 and 3 alike: what one of them leaves out is optional here.

use serde::Deserialize;
use serde_json::Value;

/// `GET /api/v2/server`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Server {
    pub(super) apps: Option<Vec<AppRef>>,
    pub(super) deprecated_apps: Option<Vec<AppRef>>,
    pub(super) experimental_apps: Option<Vec<AppRef>>,
    pub(super) logged_in: Option<bool>,
    // Both are misspelled by the servers.
    #[serde(default, alias = "maintenance")]
    pub(super) maintenace: bool,
    #[serde(alias = "maintenanceMessage")]
    pub(super) maintenace_message: Option<String>,
}

/// An app in the lists of a server. Version 3 tells `version`, version 2 only the id.
#[derive(Deserialize)]
pub(super) struct AppRef {
    pub(super) id: String,
    pub(super) version: Option<String>,
}

/// `GET /api/v2/server/counters`. Version 2 also has `running` and `waiting`, which count samples and other
/// things that its operator chose, and no jobs.
#[derive(Deserialize)]
pub(super) struct Counters {
    pub(super) queue: Option<QueueCounter>,
}

/// The jobs that wait or run.
#[derive(Deserialize)]
pub(super) struct QueueCounter {
    pub(super) size: Option<u64>,
}

/// `GET /api/v2/server/apps/{id}`. Hidden parameters such as `password` are not listed.
#[derive(Deserialize)]
pub(super) struct App {
    #[serde(default)]
    pub(super) params: Vec<Param>,
}

/// A parameter of an app.
#[derive(Deserialize)]
pub(super) struct Param {
    pub(super) id: String,
    pub(super) values: Option<Vec<Choice>>,
}

/// A choice of a list, a panel of an `app_list`, or the choices of one panel in a `binded_list`.
#[derive(Deserialize)]
pub(super) struct Choice {
    pub(super) key: Option<String>,
    pub(super) value: Option<String>,
    pub(super) label: Option<String>,
    pub(super) values: Option<Vec<Choice>>,
}

/// The answer to a submission.
#[derive(Deserialize)]
pub(super) struct Submitted {
    pub(super) id: Option<String>,
}

/// `GET /api/v2/jobs`, a page or all; newest first.
#[derive(Deserialize)]
pub(super) struct JobPage {
    #[serde(default)]
    pub(super) data: Vec<Job>,
    pub(super) next: Option<i64>,
}

/// A job. Times are milliseconds since 1970; zero and below mean unset. In lists, jobs that are over
/// have no steps and no outputs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) application: Option<String>,
    pub(super) application_id: Option<String>,
    pub(super) state: JobState,
    pub(super) position_in_queue: Option<i64>,
    pub(super) submitted_on: Option<i64>,
    pub(super) start_time: Option<i64>,
    pub(super) end_time: Option<i64>,
    pub(super) deleted_on: Option<i64>,
    pub(super) current_time: Option<i64>,
    /// Version 2 only: the end, also of a job that failed its validation.
    pub(super) finished_on: Option<i64>,
    /// Version 2 only: validation starts while the state is still 1.
    pub(super) setup_start_time: Option<i64>,
    /// Version 2 only.
    pub(super) setup_running: Option<bool>,
    pub(super) steps: Option<Vec<Step>>,
    pub(super) output_params: Option<Vec<OutputParam>>,
}

/// The numbered states, the same in both versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(from = "i64")]
pub(super) enum JobState {
    Waiting,
    Running,
    Exporting,
    Success,
    Failed,
    Canceled,
    Retired,
    SuccessNotified,
    FailedNotified,
    Deleted,
    Dead,
    Other(i64),
}

impl From<i64> for JobState {
    fn from(number: i64) -> Self {
        match number {
            1 => Self::Waiting,
            2 => Self::Running,
            3 => Self::Exporting,
            4 => Self::Success,
            5 => Self::Failed,
            6 => Self::Canceled,
            7 => Self::Retired,
            8 => Self::SuccessNotified,
            9 => Self::FailedNotified,
            10 => Self::Deleted,
            -1 => Self::Dead,
            other => Self::Other(other),
        }
    }
}

/// A step of a job. Its `id` is 0 until the job is stored, so a step is known by its position.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Step {
    pub(super) name: Option<String>,
    pub(super) log_messages: Option<Vec<Message>>,
}

/// A message of a step, in HTML. Its `success` is always true and its `time` is that of storage.
#[derive(Deserialize)]
pub(super) struct Message {
    /// 0 fine, 1 error, 2 warning, 3 running.
    #[serde(rename = "type")]
    pub(super) kind: i64,
    pub(super) message: Option<String>,
}

/// An output of a job: a named group of files.
#[derive(Deserialize)]
pub(super) struct OutputParam {
    pub(super) name: Option<String>,
    pub(super) files: Option<Vec<File>>,
}

/// A file. The hash is a capability: who has it may download.
#[derive(Deserialize)]
pub(super) struct File {
    pub(super) name: Option<String>,
    pub(super) hash: Option<String>,
    /// For people, such as `82 MB`.
    #[serde(default)]
    pub(super) size: Value,
}

impl Server {
    /// Every app that the account sees, in whichever list.
    pub(super) fn all_apps(&self) -> impl Iterator<Item = &AppRef> {
        [&self.apps, &self.deprecated_apps, &self.experimental_apps].into_iter().flatten().flatten()
    }
}

impl App {
    /// The parameter of that id.
    pub(super) fn param(&self, id: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.id == id)
    }
}

impl Param {
    /// Its choices, which have a key.
    pub(super) fn choices(&self) -> impl Iterator<Item = (&str, &Choice)> {
        keyed(self.values.as_deref())
    }
}

impl Choice {
    /// The choices within it, which have a key.
    pub(super) fn choices(&self) -> impl Iterator<Item = (&str, &Choice)> {
        keyed(self.values.as_deref())
    }
}

/// Leaves out the empty selection.
fn keyed(choices: Option<&[Choice]>) -> impl Iterator<Item = (&str, &Choice)> {
    choices
        .unwrap_or_default()
        .iter()
        .filter_map(|choice| Some((choice.key.as_deref().filter(|key| !key.is_empty())?, choice)))
}

impl Job {
    /// Its steps.
    pub(super) fn steps(&self) -> &[Step] {
        self.steps.as_deref().unwrap_or_default()
    }

    /// Its outputs.
    pub(super) fn outputs(&self) -> &[OutputParam] {
        self.output_params.as_deref().unwrap_or_default()
    }
}

impl Step {
    /// Its messages.
    pub(super) fn messages(&self) -> &[Message] {
        self.log_messages.as_deref().unwrap_or_default()
    }
}

impl OutputParam {
    /// Its files.
    pub(super) fn files(&self) -> &[File] {
        self.files.as_deref().unwrap_or_default()
    }
}
