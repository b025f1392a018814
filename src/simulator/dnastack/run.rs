//! A run as the server keeps it, and the bodies that show it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Look, time};
use crate::simulator::{
    Outcome,
    course::{Course, Phase},
};

/// A run.
pub(super) struct Run {
    /// A UUID: the vendor's client takes anything else for a URL.
    pub(super) id: String,
    /// The batch that it came with, if it came with one.
    pub(super) batch_id: Option<String>,
    /// The engine's own id of it.
    pub(super) external_id: String,
    /// What it goes through.
    pub(super) course: Course,
    /// The request, merged with the defaults of its batch, `engine_id` among the engine parameters.
    pub(super) request: Map<String, Value>,
    /// The engine that runs it.
    pub(super) engine_id: String,
}

/// The tags of a request, as text.
pub(super) fn tags(request: &Map<String, Value>) -> BTreeMap<String, String> {
    let tags = request.get("tags").and_then(Value::as_object);
    tags.into_iter()
        .flatten()
        .map(|(name, value)| match value {
            Value::String(text) => (name.clone(), text.clone()),
            other => (name.clone(), other.to_string()),
        })
        .collect()
}

/// The exit code, where the run has one.
fn exit_code(phase: Phase) -> Option<i32> {
    match phase {
        Phase::Ended(Outcome::Complete) => Some(0),
        Phase::Ended(Outcome::ExecutorError) => Some(1),
        Phase::Ended(Outcome::SystemError)
        | Phase::Queued
        | Phase::Preparing
        | Phase::Running
        | Phase::Canceling
        | Phase::Canceled => None,
    }
}

impl Run {
    /// When initializing began: half of the preparing is preprocessing.
    pub(super) fn initializes_at(&self) -> Timestamp {
        let half = self.course.starts_at.duration_since(self.course.prepares_at) / 2;
        self.course.prepares_at.saturating_add(half).unwrap_or(self.course.starts_at)
    }

    /// What the run has written so far.
    pub(super) fn log_text(&self, now: Timestamp, stream: &str) -> String {
        let phase = self.course.phase(now);
        if stream == "stdout" || self.course.started_at(now).is_none() {
            return String::new();
        }
        let mut text = format!("INFO run {} started\n", self.id);
        match phase {
            Phase::Ended(Outcome::Complete) => text.push_str("INFO workflow complete\n"),
            Phase::Ended(Outcome::ExecutorError) => text.push_str("ERROR the task exited with 1\n"),
            Phase::Ended(Outcome::SystemError) => text.push_str("ERROR no space left on device\n"),
            Phase::Canceled => text.push_str("WARN aborted\n"),
            Phase::Queued | Phase::Preparing | Phase::Running | Phase::Canceling => {}
        }
        text
    }

    /// Why the run failed, if it did.
    pub(super) fn errors(&self, now: Timestamp) -> Vec<&'static str> {
        match self.course.phase(now) {
            Phase::Ended(Outcome::ExecutorError) => vec!["the task impute exited with 1"],
            Phase::Ended(Outcome::SystemError) => vec!["no space left on device"],
            Phase::Ended(Outcome::Complete)
            | Phase::Queued
            | Phase::Preparing
            | Phase::Running
            | Phase::Canceling
            | Phase::Canceled => Vec::new(),
        }
    }
}

impl Look {
    /// The word for the run's state.
    pub(super) fn state(&self, run: &Run) -> String {
        if let Some(word) = &self.knobs.behavior.show_state {
            return word.clone();
        }
        let word = match run.course.phase(self.now) {
            Phase::Queued => "QUEUED",
            Phase::Preparing if self.now < run.initializes_at() => "PREPROCESSING",
            Phase::Preparing => "INITIALIZING",
            Phase::Running => "RUNNING",
            Phase::Canceling => "CANCELING",
            Phase::Canceled => "CANCELED",
            Phase::Ended(Outcome::Complete) => "COMPLETE",
            Phase::Ended(Outcome::ExecutorError) => "EXECUTOR_ERROR",
            Phase::Ended(Outcome::SystemError) => "SYSTEM_ERROR",
        };
        word.to_owned()
    }

    /// An item of the list (`RunStatus` of the vendor's client). Its `start_time` is mandatory, so it is
    /// the time of the submission.
    pub(super) fn list_item(&self, run: &Run) -> Value {
        let mut item = run.request.clone();
        item.insert("run_id".to_owned(), Value::from(run.id.as_str()));
        item.insert("external_id".to_owned(), Value::from(run.external_id.as_str()));
        item.insert("state".to_owned(), Value::from(self.state(run)));
        item.insert("start_time".to_owned(), Value::from(time(run.course.submitted_at)));
        item.insert("end_time".to_owned(), Value::from(run.course.ended_at(self.now).map(time)));
        item.insert("submitted_by".to_owned(), Value::from("gateway@example.org"));
        Value::from(item)
    }

    /// A whole run (`Run` of the vendor's client).
    pub(super) fn run(&self, run: &Run, url: &str, with_tasks: bool) -> Value {
        let phase = run.course.phase(self.now);
        let name = run.request.get("workflow_name").and_then(Value::as_str).unwrap_or("workflow");
        let outputs = if phase == Phase::Ended(Outcome::Complete) {
            json!({
                "imputation.imputed_vcf": format!("gs://simulated-bucket/{}/chr20.vcf.gz", run.id),
                "imputation.chunks": 3,
            })
        } else {
            json!({})
        };
        json!({
            "run_id": run.id,
            "external_id": run.external_id,
            "engine_id": run.engine_id,
            "request": run.request,
            "state": self.state(run),
            "run_log": {
                "name": name,
                "cmd": null,
                "start_time": run.course.started_at(self.now).map(time),
                "end_time": run.course.ended_at(self.now).map(time),
                "stdout": format!("{url}/logs/stdout"),
                "stderr": format!("{url}/logs/stderr"),
                "exit_code": exit_code(phase),
            },
            "errors": run.errors(self.now),
            "task_logs": if with_tasks { json!(self.tasks(run, url)) } else { Value::Null },
            "task_logs_url": format!("{url}/tasks"),
            "outputs": outputs,
            "dependencies": [],
            "events": self.events(run),
        })
    }

    /// The tasks of a run (`Log` of the vendor's client), all at work while it runs. `cmd` is one text.
    pub(super) fn tasks(&self, run: &Run, url: &str) -> Vec<Value> {
        let Some(started) = run.course.started_at(self.now) else {
            return Vec::new();
        };
        let exit_code = exit_code(run.course.phase(self.now));
        (1..=self.knobs.tasks)
            .map(|number| {
                let id = format!("{}-{number}", &run.id[..8]);
                json!({
                    "task_id": id,
                    "name": format!("imputation.step{number}"),
                    "pretty_name": format!("Step {number}"),
                    "cmd": format!("bash run-step {number}"),
                    "start_time": time(started),
                    "end_time": run.course.ended_at(self.now).map(time),
                    "stdout": format!("{url}/tasks/{id}/logs/stdout"),
                    "stderr": format!("{url}/tasks/{id}/logs/stderr"),
                    "exit_code": exit_code,
                    "state": self.state(run),
                })
            })
            .collect()
    }
}
