//! Which real server is simulated, and the words in which the servers differ.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::error::Problem;
use crate::simulator::{behavior::Outcome, course::Phase};

/// A real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Correct WES 1.1.0.
    Spec,
    /// `wes-server` of wes-service 5.0 with cwltool.
    WesService,
    /// `toil server` 9.6.
    Toil,
    /// Sapporo 2.4.
    Sapporo,
    /// GA4GH starter kit WES 0.3.
    StarterKit,
    /// Galaxy's WES endpoint.
    Galaxy,
}

impl Dialect {
    /// The id of the run with this number, counted from zero.
    pub(super) fn run_id(self, number: usize) -> String {
        let random = Uuid::new_v4();
        match self {
            Self::Spec | Self::Sapporo | Self::StarterKit => random.hyphenated().to_string(),
            Self::WesService => random.simple().to_string(),
            Self::Toil => format!("run-{}", random.simple()),
            // Galaxy encodes 1, 2, 3... under a fixed secret: two servers give out the same ids.
            Self::Galaxy => {
                let number = number as u64 + 1;
                format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            }
        }
    }

    /// The word for the condition of a run.
    pub(super) fn state(self, phase: Phase) -> &'static str {
        match (self, phase) {
            // It knows three words only.
            (Self::WesService, Phase::Queued | Phase::Preparing) => "RUNNING",
            (Self::WesService, Phase::Ended(Outcome::SystemError)) => "EXECUTOR_ERROR",
            (_, Phase::Queued) => "QUEUED",
            (_, Phase::Preparing) => "INITIALIZING",
            (_, Phase::Running) => "RUNNING",
            (_, Phase::Canceling) => "CANCELING",
            (_, Phase::Canceled) => "CANCELED",
            (_, Phase::Ended(Outcome::Complete)) => "COMPLETE",
            (_, Phase::Ended(Outcome::ExecutorError)) => "EXECUTOR_ERROR",
            (_, Phase::Ended(Outcome::SystemError)) => "SYSTEM_ERROR",
        }
    }

    /// The exit code of a run; `null` where the server has none to tell.
    pub(super) fn exit_code(self, phase: Phase) -> Value {
        let code = match (self, phase) {
            (_, Phase::Ended(Outcome::Complete)) => 0,
            (_, Phase::Ended(Outcome::ExecutorError)) => 1,
            (Self::WesService, Phase::Ended(Outcome::SystemError)) => 255,
            (Self::WesService, _) => -1,
            (Self::Sapporo, Phase::Canceled) => 138,
            (_, Phase::Canceled) => 130,
            (_, Phase::Ended(Outcome::SystemError))
            | (_, Phase::Queued | Phase::Preparing | Phase::Running | Phase::Canceling) => {
                return Value::Null;
            }
        };
        Value::from(code)
    }

    /// How a start time is written.
    pub(super) fn start_time(self, time: Timestamp) -> String {
        match self {
            Self::Spec | Self::Sapporo | Self::StarterKit => written(time, "%Y-%m-%dT%H:%M:%SZ"),
            Self::WesService => String::new(),
            Self::Toil | Self::Galaxy => written(time, "%Y-%m-%dT%H:%M:%S%.6f"),
        }
    }

    /// How an end time is written.
    pub(super) fn end_time(self, time: Timestamp) -> String {
        match self {
            Self::Sapporo => written(time, "%Y-%m-%dT%H:%M:%S"),
            Self::Spec | Self::WesService | Self::Toil | Self::StarterKit | Self::Galaxy => {
                self.start_time(time)
            }
        }
    }

    /// What is said to a run id that nobody gave out.
    pub(super) fn unknown_run(self, run_id: &str) -> Problem {
        let galaxy_id = run_id.len() == 16 && run_id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let odd = match self {
            Self::Sapporo => Uuid::parse_str(run_id).is_err(),
            Self::Galaxy => !galaxy_id,
            Self::Spec | Self::WesService | Self::Toil | Self::StarterKit => false,
        };
        if odd {
            return Problem::new(StatusCode::BAD_REQUEST, "the run id is malformed");
        }
        match self {
            Self::WesService | Self::StarterKit => {
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server ran into an error")
            }
            Self::Spec | Self::Toil | Self::Sapporo | Self::Galaxy => {
                Problem::new(StatusCode::NOT_FOUND, "the requested workflow run was not found")
            }
        }
    }
}

fn written(time: Timestamp, format: &str) -> String {
    time.strftime(format).to_string()
}
