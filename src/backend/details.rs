//! Everything that a service tells about one run, in our words.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Everything that a service tells about one run. The ledger keeps it once the run has ended, since
/// services forget: so it can be written down, but for the locators, which are secrets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunDetails {
    /// The service's own word for the state.
    pub word: String,
    /// Name of the workflow, where the service has one.
    pub name: Option<String>,
    /// The command line, without secrets.
    pub cmd: Vec<String>,
    /// When the run started at the service.
    pub start_time: Option<Timestamp>,
    /// When it ended there.
    pub end_time: Option<Timestamp>,
    /// Its exit code, where the service tells a real one.
    pub exit_code: Option<i32>,
    /// Standard output of the run.
    pub stdout: LogSource,
    /// Standard error of the run.
    pub stderr: LogSource,
    /// Messages for people, oldest first, without markup or secrets.
    pub system_logs: Vec<String>,
    /// The tasks, in order.
    pub tasks: Vec<TaskDetails>,
    /// The outputs as the service tells them. A text made by [`output_marker`] becomes the gateway's
    /// URL of that file; addresses that only the service can reach are left out.
    pub outputs: Map<String, Value>,
    /// The files that can be downloaded.
    pub files: Vec<OutputFile>,
    /// When the service will delete the results, where it says so.
    pub expires_at: Option<Timestamp>,
}

/// One task of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskDetails {
    /// The service's own id of the task, or its position; unique within the run.
    pub id: String,
    /// Name of the task.
    pub name: String,
    /// The command line.
    pub cmd: Vec<String>,
    /// When it started.
    pub start_time: Option<Timestamp>,
    /// When it ended.
    pub end_time: Option<Timestamp>,
    /// Its exit code, where there is one.
    pub exit_code: Option<i32>,
    /// Standard output of the task.
    pub stdout: LogSource,
    /// Standard error of the task.
    pub stderr: LogSource,
    /// Messages for people.
    pub system_logs: Vec<String>,
}

/// Where a log is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogSource {
    /// There is none.
    #[default]
    None,
    /// Here it is: some servers put the text where the URL belongs.
    Inline(String),
    /// To be had from the service by this locator, which carries no secret.
    Remote(String),
}

/// A file that can be downloaded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OutputFile {
    /// Its path among the outputs, such as `statistics/chunks.txt`; unique within the run.
    pub path: String,
    /// Size in bytes, where the service tells it exactly.
    pub size: Option<u64>,
    /// How the adapter finds it again. May be a capability, so it is neither stored nor shown.
    #[serde(skip)]
    pub locator: String,
}

const MARKER: &str = "ga4gh-gateway-output:";

/// The text that stands in [`RunDetails::outputs`] for the gateway's URL of an output file.
pub fn output_marker(path: &str) -> String {
    format!("{MARKER}{path}")
}

/// The path behind a text made by [`output_marker`].
pub fn output_path(text: &str) -> Option<&str> {
    text.strip_prefix(MARKER)
}
