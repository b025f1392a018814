//! From the words of WES servers to ours. Pure.

use url::Url;

use super::{outputs, wire};
use crate::{
    backend::{LogSource, Observed, RunDetails, TaskDetails, client::plain_text},
    ga4gh::{time, wes::State},
};

/// Messages that are kept of one log.
const MAX_MESSAGES: usize = 200;

/// The condition behind a server's word. An unknown word is never guessed at.
pub(super) fn observed(word: Option<&str>) -> Observed {
    let word = word.unwrap_or_default();
    let upper = word.trim().to_ascii_uppercase();
    let state = match upper.as_str() {
        "CANCELLED" => Some(State::Canceled),
        "CANCELLING" => Some(State::Canceling),
        other => State::parse(other),
    };
    Observed {
        state: state.unwrap_or(State::Unknown),
        word: word.to_owned(),
        // sapporo: the files of the run go, and with them how it ended.
        expired: matches!(upper.as_str(), "DELETED" | "DELETING"),
    }
}

/// Everything about a run but its tasks. References in it are resolved against the run's URL.
pub(super) fn details(log: &wire::RunLog, home: &Url, run_url: &Url) -> RunDetails {
    let observed = observed(log.state.as_deref());
    let whole = task(&log.run_log, 0, run_url, observed.state.is_terminal());
    let outputs = outputs::translate(&log.outputs, home);
    RunDetails {
        word: observed.word,
        name: log.run_log.name.clone(),
        cmd: whole.cmd,
        start_time: whole.start_time,
        end_time: whole.end_time,
        exit_code: whole.exit_code,
        stdout: whole.stdout,
        stderr: whole.stderr,
        system_logs: whole.system_logs,
        tasks: Vec::new(),
        outputs: outputs.value,
        files: outputs.files,
        expires_at: None,
    }
}

/// The tasks of a run. One without an id, or with another's id, is called by its position.
pub(super) fn tasks(logs: &[wire::Log], run_url: &Url, ended: bool) -> Vec<TaskDetails> {
    let mut tasks: Vec<TaskDetails> = Vec::with_capacity(logs.len());
    for (index, log) in logs.iter().enumerate() {
        let mut task = task(log, index, run_url, ended);
        if tasks.iter().any(|other| other.id == task.id) {
            task.id = format!("{}-{index}", task.id);
        }
        tasks.push(task);
    }
    tasks
}

fn task(log: &wire::Log, index: usize, run_url: &Url, ended: bool) -> TaskDetails {
    let id = log.id.clone().unwrap_or_else(|| index.to_string());
    let start_time = log.start_time.as_deref().and_then(time::parse_lenient);
    TaskDetails {
        name: log.name.clone().unwrap_or_else(|| id.clone()),
        id,
        cmd: log.cmd.clone(),
        start_time,
        // wes-service on Toil gives the time of submission as the end.
        end_time: log
            .end_time
            .as_deref()
            .and_then(time::parse_lenient)
            .filter(|end| ended && start_time.is_none_or(|start| start <= *end)),
        // Before the end, servers say -1 (wes-service) or -999 (genpei).
        exit_code: log
            .exit_code
            .filter(|code| ended && !matches!(code, -1 | -999))
            .and_then(|code| i32::try_from(code).ok()),
        stdout: log_source(log.stdout.as_deref(), run_url),
        stderr: log_source(log.stderr.as_deref(), run_url),
        system_logs: log
            .system_logs
            .iter()
            .take(MAX_MESSAGES)
            .map(|line| plain_text(line))
            .collect(),
    }
}

/// Where a log is. Servers give an absolute URL, as they should, a reference relative to the run's
/// URL, or the text itself. What lies in a bucket or on the server's disk cannot be had.
pub(super) fn log_source(told: Option<&str>, run_url: &Url) -> LogSource {
    let Some(told) = told.filter(|text| !text.trim().is_empty()) else { return LogSource::None };
    let one_word = told.len() <= 4096 && !told.contains(char::is_whitespace);
    if !one_word {
        return LogSource::Inline(told.to_owned());
    }
    let relative = ["/", "./", "../"].iter().any(|start| told.starts_with(start));
    let found = if relative { run_url.join(told).ok() } else { told.parse::<Url>().ok() };
    match found {
        Some(url) if matches!(url.scheme(), "http" | "https") => LogSource::Remote(url.into()),
        Some(_) if told.contains("://") => LogSource::None,
        Some(_) | None => LogSource::Inline(told.to_owned()),
    }
}

#[cfg(test)]
mod tests;
