//! Everything that a job tells, in the words of the house. Pure.

use std::{collections::HashSet, time::Duration};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    LOG_LOCATOR, messages, translate,
    wire::{Job, JobState, OutputParam, Step},
};
use crate::{
    backend::{LogSource, OutputFile, Result, RunDetails, TaskDetails, output_marker},
    ga4gh::wes::State,
};

/// Tells a job. `retention` is how long the server keeps results, where it does not say so itself.
pub(super) fn details(job: &Job, canceling: bool, retention: Duration) -> Result<RunDetails> {
    let observed = translate::observe(job, canceling)?;
    let (outputs, files) = if has_results(job) { outputs(job) } else { Default::default() };
    Ok(RunDetails {
        name: job.application.clone(),
        cmd: command(job),
        start_time: translate::started(job),
        end_time: translate::ended(job),
        exit_code: exit_code(observed.state),
        stdout: log(job),
        stderr: LogSource::None,
        system_logs: system_logs(job),
        tasks: tasks(job),
        outputs,
        files,
        expires_at: expires_at(job, retention),
        word: observed.word,
    })
}

fn command(job: &Job) -> Vec<String> {
    let app = job.application_id.as_deref();
    app.map(|app| vec!["POST".to_owned(), format!("/api/v2/jobs/submit/{app}")]).unwrap_or_default()
}

fn exit_code(state: State) -> Option<i32> {
    match state {
        State::Complete => Some(0),
        State::ExecutorError | State::SystemError => Some(1),
        State::Unknown
        | State::Queued
        | State::Initializing
        | State::Running
        | State::Paused
        | State::Canceled
        | State::Canceling
        | State::Preempted => None,
    }
}

/// What went wrong or nearly so, and our word for it where the service has none.
fn system_logs(job: &Job) -> Vec<String> {
    if job.state == JobState::Failed && job.steps().is_empty() {
        let note = "the job failed before its first step; the service keeps the reason to itself";
        return vec![note.to_owned()];
    }
    job.steps().iter().flat_map(|step| messages::of(step, &[1, 2])).collect()
}

/// The log is written once the job has begun; before, and after the data are deleted, asking for it
/// makes the servers fail.
fn log(job: &Job) -> LogSource {
    let begun = translate::started(job).is_some() || !job.steps().is_empty();
    if begun && job.state != JobState::Retired {
        LogSource::Remote(LOG_LOCATOR.to_owned())
    } else {
        LogSource::None
    }
}

fn expires_at(job: &Job, retention: Duration) -> Option<Timestamp> {
    if !translate::is_over(job.state) {
        return None;
    }
    // A server tells the day only once it has mailed the owner.
    translate::timestamp(job.deleted_on)
        .or_else(|| translate::ended(job)?.checked_add(retention).ok())
}

fn tasks(job: &Job) -> Vec<TaskDetails> {
    let steps = job.steps();
    steps
        .iter()
        .enumerate()
        .map(|(at, step)| {
            let later_begun = steps[at + 1..].iter().any(|later| !later.messages().is_empty());
            TaskDetails {
                id: at.to_string(),
                name: step.name.clone().unwrap_or_else(|| format!("step {at}")),
                exit_code: task_exit_code(step, later_begun || translate::is_over(job.state)),
                system_logs: messages::of(step, &[0, 1, 2, 3]),
                ..TaskDetails::default()
            }
        })
        .collect()
}

/// A step that never had a message did not run.
fn task_exit_code(step: &Step, ended: bool) -> Option<i32> {
    let has = |kind| step.messages().iter().any(|message| message.kind == kind);
    if has(1) { Some(1) } else { (ended && !has(3) && !step.messages().is_empty()).then_some(0) }
}

/// Failed and canceled jobs export what there is, such as the report of the quality control.
fn has_results(job: &Job) -> bool {
    match job.state {
        JobState::Success => translate::is_settled(job),
        JobState::Failed
        | JobState::Canceled
        | JobState::SuccessNotified
        | JobState::FailedNotified => true,
        JobState::Waiting
        | JobState::Running
        | JobState::Exporting
        | JobState::Retired
        | JobState::Deleted
        | JobState::Dead
        | JobState::Other(_) => false,
    }
}

fn outputs(job: &Job) -> (Map<String, Value>, Vec<OutputFile>) {
    let mut outputs = Map::new();
    let mut files = Vec::new();
    let mut taken = HashSet::new();
    for param in job.outputs() {
        let name = param.name.as_deref().unwrap_or("output");
        let told = output(param, name, &mut taken, &mut files);
        if !told.is_empty() {
            outputs.insert(name.to_owned(), told.into());
        }
    }
    (outputs, files)
}

fn output(
    param: &OutputParam,
    param_name: &str,
    taken: &mut HashSet<String>,
    files: &mut Vec<OutputFile>,
) -> Vec<Value> {
    let mut told = Vec::new();
    for file in param.files() {
        let (Some(name), Some(hash)) = (file.name.as_deref(), file.hash.as_deref()) else {
            continue;
        };
        let name = clean_path(name);
        let free = [name.clone(), format!("{param_name}/{name}")]
            .into_iter()
            .find(|path| !name.is_empty() && !taken.contains(path));
        let Some(path) = free.filter(|_| is_hash(hash)) else { continue };
        taken.insert(path.clone());
        told.push(json!({
            "name": name,
            "url": output_marker(&path),
            "size_display": file.size.as_str(),
            // The pipelines put a password on every archive.
            "encrypted": name.ends_with(".zip"),
        }));
        let locator = format!("share/results/{hash}/{name}");
        files.push(OutputFile { path, size: None, locator });
    }
    told
}

/// The path without parts that lead elsewhere.
fn clean_path(path: &str) -> String {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "." | ".."));
    parts.collect::<Vec<_>>().join("/")
}

fn is_hash(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric())
}
