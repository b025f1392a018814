//! From what is known of a run to the words of WES. Every URL is the gateway's own.

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use crate::{
    api::links::Links,
    backend::{RunDetails, TaskDetails, output_path},
    ga4gh::{
        time,
        wes::{Log, RunLog, RunSummary, State, TaskLog},
    },
    gateway::RunView,
    ledger::Entry,
};

/// One run in a list.
pub(super) fn summary(entry: &Entry) -> RunSummary {
    RunSummary {
        run_id: entry.run_id.to_string(),
        state: entry.state,
        start_time: entry.started_at.map(time::format),
        end_time: entry.ended_at.map(time::format),
        tags: entry.request.tags.clone(),
    }
}

/// Everything about a run.
pub(super) fn run_log(view: &RunView, links: &Links) -> RunLog {
    let entry = &view.entry;
    RunLog {
        run_id: entry.run_id.to_string(),
        request: entry.request.clone(),
        state: entry.state,
        run_log: log_of_run(view, links),
        task_logs_url: links.tasks(entry.run_id),
        task_logs: tasks(view, links),
        outputs: outputs(view, links),
    }
}

/// The tasks of a run. A service that tells of none has one: the run itself.
pub(super) fn tasks(view: &RunView, links: &Links) -> Vec<TaskLog> {
    let Some(details) = &view.details else { return Vec::new() };
    if details.tasks.is_empty() {
        return vec![only_task(view, links)];
    }
    details.tasks.iter().map(|task| log_of_task(view, task, links)).collect()
}

fn log_of_run(view: &RunView, links: &Links) -> Log {
    let entry = &view.entry;
    let none = RunDetails::default();
    let details = view.details.as_deref().unwrap_or(&none);
    Log {
        name: details.name.clone().or_else(|| entry.request.tags.get("name").cloned()),
        cmd: details.cmd.clone(),
        start_time: start_time(entry, details).map(time::format),
        end_time: end_time(entry, details).map(time::format),
        stdout: Some(links.log(entry.run_id, None, "stdout")),
        stderr: Some(links.log(entry.run_id, None, "stderr")),
        exit_code: exit_code(entry.state, details.exit_code),
        system_logs: system_logs(view, details),
    }
}

fn log_of_task(view: &RunView, task: &TaskDetails, links: &Links) -> TaskLog {
    let entry = &view.entry;
    TaskLog {
        id: task.id.clone(),
        name: task.name.clone(),
        cmd: task.cmd.clone(),
        start_time: task.start_time.map(time::format),
        end_time: task.end_time.map(time::format),
        stdout: Some(links.log(entry.run_id, Some(&task.id), "stdout")),
        stderr: Some(links.log(entry.run_id, Some(&task.id), "stderr")),
        exit_code: task.exit_code.or_else(|| exit_code(entry.state, None)),
        system_logs: task.system_logs.clone(),
        tes_uri: None,
    }
}

fn only_task(view: &RunView, links: &Links) -> TaskLog {
    let log = log_of_run(view, links);
    TaskLog {
        id: "0".to_owned(),
        name: log.name.unwrap_or_else(|| "run".to_owned()),
        cmd: log.cmd,
        start_time: log.start_time,
        end_time: log.end_time,
        stdout: log.stdout,
        stderr: log.stderr,
        exit_code: log.exit_code,
        system_logs: Vec::new(),
        tes_uri: None,
    }
}

fn start_time(entry: &Entry, details: &RunDetails) -> Option<Timestamp> {
    details.start_time.or(entry.started_at)
}

/// Some servers tell a time of end while the run goes on, and some one that lies before its start.
fn end_time(entry: &Entry, details: &RunDetails) -> Option<Timestamp> {
    let seen = entry.ended_at?;
    let start = start_time(entry, details);
    details.end_time.filter(|end| start.is_none_or(|start| *end >= start)).or(Some(seen))
}

/// An exit code once the run has ended: the service's own if it fits the state, else the usual one.
/// Clients take a missing code for success.
fn exit_code(state: State, told: Option<i32>) -> Option<i32> {
    let failure = told.filter(|code| *code != 0);
    match state {
        State::Complete => Some(0),
        State::ExecutorError | State::SystemError => Some(failure.unwrap_or(1)),
        State::Canceled | State::Preempted => Some(failure.unwrap_or(130)),
        State::Unknown
        | State::Queued
        | State::Initializing
        | State::Running
        | State::Paused
        | State::Canceling => None,
    }
}

fn system_logs(view: &RunView, details: &RunDetails) -> Vec<String> {
    let at = |micros| Timestamp::from_microsecond(micros).map(time::format).unwrap_or_default();
    let mut logs: Vec<String> = view
        .notes
        .iter()
        .map(|note| format!("{} gateway: {}", at(note.at), note.message))
        .collect();
    logs.extend(details.system_logs.iter().cloned());
    if let Some(why) = &view.unreachable {
        let seen = view.entry.seen_at.map_or_else(|| "never".to_owned(), time::format);
        logs.push(format!("gateway: {why}; the state is the last known, seen {seen}"));
    }
    if view.entry.expired {
        logs.push("gateway: the service has deleted the results of this run".to_owned());
    } else if let Some(expires) = details.expires_at {
        let expires = time::format(expires);
        logs.push(format!("gateway: the service keeps the results until {expires}"));
    }
    logs
}

fn outputs(view: &RunView, links: &Links) -> Map<String, Value> {
    let mut outputs = Value::Object(
        view.details.as_ref().map(|details| details.outputs.clone()).unwrap_or_default(),
    );
    link_files(&mut outputs, &|path| links.output(view.entry.run_id, path));
    let mut outputs = match outputs {
        Value::Object(outputs) => outputs,
        _ => Map::new(),
    };
    if view.entry.state == State::Complete
        && let Some(password) = &view.archive_password
    {
        outputs.insert("archive_password".to_owned(), password.expose_secret().into());
    }
    outputs
}

fn link_files(value: &mut Value, link: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => {
            if let Some(url) = output_path(text).map(link) {
                *text = url;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| link_files(item, link)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| link_files(member, link));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::backend::output_marker;

    #[test]
    fn an_ended_run_always_has_an_exit_code_that_fits_its_state() {
        for (state, told, expected) in [
            (State::Running, Some(-1), None),
            (State::Complete, None, Some(0)),
            (State::Complete, Some(1), Some(0)),
            (State::ExecutorError, None, Some(1)),
            (State::ExecutorError, Some(0), Some(1)),
            (State::ExecutorError, Some(33), Some(33)),
            (State::Canceled, None, Some(130)),
            (State::Canceled, Some(138), Some(138)),
        ] {
            assert_eq!(exit_code(state, told), expected, "{state:?} {told:?}");
        }
    }

    #[test]
    fn files_become_urls_of_the_gateway_wherever_they_stand() {
        let links = Links::new("https://gw.example.org");
        let mut outputs = json!({"a": [{"url": output_marker("stats/x y.txt")}], "b": "file"});

        link_files(&mut outputs, &|path| links.output("run-1", path));

        let url = "https://gw.example.org/ga4gh/wes/v1/runs/run-1/outputs/stats/x%20y.txt";
        assert_eq!(outputs, json!({"a": [{"url": url}], "b": "file"}));
    }
}
