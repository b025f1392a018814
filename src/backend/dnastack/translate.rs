//! From the words of Workbench to ours. Pure.

use http::header;

use super::wire;
use crate::{
    backend::{
        LogSource, Observed, RunDetails, TaskDetails,
        client::{Answer, Problem, plain_text},
    },
    ga4gh::{time, wes::State},
};

/// The condition behind a word of Workbench, whose states are ten of WES 1.0 and four of its own.
pub(super) fn observed(word: Option<&str>) -> Observed {
    let word = word.unwrap_or_default();
    let state = match word {
        "PREPROCESSING" => State::Initializing,
        "PREPROCESSING_ERROR" => State::SystemError,
        // Its own client counts it among the errors. The outputs that there are stay visible.
        "COMPLETE_WITH_ERRORS" => State::ExecutorError,
        "NOT_PROCESSED" => State::Unknown,
        other => State::parse(other).unwrap_or(State::Unknown),
    };
    Observed::new(state, word)
}

/// Everything about a run and its tasks.
pub(super) fn details(run: wire::Run, tasks: Vec<wire::Log>) -> RunDetails {
    let observed = observed(run.state.as_deref());
    let ended = observed.state.is_terminal();
    let mut system_logs: Vec<String> = run.errors.iter().map(|error| plain_text(error)).collect();
    if observed.word == "COMPLETE_WITH_ERRORS" {
        system_logs
            .push("the service says COMPLETE_WITH_ERRORS: some outputs may be there".to_owned());
    }
    // An engine that has not started the run has no log of it.
    let logs = !matches!(observed.state, State::Queued | State::Initializing | State::Unknown);
    let log = |stream: &str| match logs {
        true => LogSource::Remote(format!("logs/{stream}")),
        false => LogSource::None,
    };
    let end_time = run.run_log.end_time.as_deref().and_then(time::parse_lenient);
    RunDetails {
        name: run.request.workflow_name.or(run.run_log.name),
        cmd: run.run_log.cmd,
        start_time: run.run_log.start_time.as_deref().and_then(time::parse_lenient),
        end_time: end_time.filter(|_| ended),
        exit_code: exit_code(run.run_log.exit_code, ended),
        stdout: log("stdout"),
        stderr: log("stderr"),
        system_logs,
        tasks: tasks.into_iter().enumerate().map(|(index, log)| task(index, log, ended)).collect(),
        outputs: run.outputs,
        files: Vec::new(),
        expires_at: None,
        word: observed.word,
    }
}

fn task(index: usize, log: wire::Log, ended: bool) -> TaskDetails {
    let stream = |stream: &str| match &log.task_id {
        Some(id) => LogSource::Remote(format!("tasks/{id}/logs/{stream}")),
        None => LogSource::None,
    };
    let id = log.task_id.clone().unwrap_or_else(|| index.to_string());
    TaskDetails {
        stdout: stream("stdout"),
        stderr: stream("stderr"),
        name: log.pretty_name.or(log.name).unwrap_or_else(|| id.clone()),
        id,
        cmd: log.cmd,
        start_time: log.start_time.as_deref().and_then(time::parse_lenient),
        end_time: log.end_time.as_deref().and_then(time::parse_lenient),
        // A task that has an end has its exit code, even while the run goes on.
        exit_code: exit_code(log.exit_code, ended || log.end_time.is_some()),
        system_logs: Vec::new(),
    }
}

fn exit_code(told: Option<i64>, ended: bool) -> Option<i32> {
    told.filter(|_| ended).and_then(|code| i32::try_from(code).ok())
}

/// The path of a log below its run, out of a locator made here.
pub(super) fn log_path(locator: &str) -> Option<Vec<&str>> {
    let is_stream = |stream: &&str| matches!(*stream, "stdout" | "stderr");
    if let Some(stream) = locator.strip_prefix("logs/").filter(is_stream) {
        return Some(vec!["logs", stream]);
    }
    // The id of a task may hold slashes.
    let (id, stream) = locator.strip_prefix("tasks/")?.rsplit_once("/logs/")?;
    is_stream(&stream).then(|| vec!["tasks", id, "logs", stream])
}

/// An error answer with its trace id, which DNAstack's support asks for.
pub(super) async fn problem(answer: Answer) -> Problem {
    let status = answer.status().as_u16();
    let retry_after = answer
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(std::time::Duration::from_secs);
    let Ok(body) = answer.bytes().await else {
        return Problem { status, message: "its answer broke off".to_owned(), retry_after };
    };
    let failure = serde_json::from_slice::<wire::Failure>(&body).unwrap_or_default();
    let text = String::from_utf8_lossy(&body[..body.len().min(4096)]).into_owned();
    let message = message(&failure).unwrap_or_else(|| plain_text(&text));
    Problem { status, message, retry_after }
}

/// The error in an answer that was no HTTP error, if it holds one.
pub(super) fn hidden_problem(failure: &wire::Failure) -> Option<Problem> {
    let message = message(failure)?;
    let status = failure.error_code.and_then(|code| u16::try_from(code).ok()).unwrap_or(400);
    Some(Problem { status, message, retry_after: None })
}

fn message(failure: &wire::Failure) -> Option<String> {
    let msg = plain_text(failure.msg.as_deref()?);
    Some(match &failure.trace_id {
        Some(trace_id) => format!("{msg} (trace {})", plain_text(trace_id)),
        None => msg,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_become_states() {
        for (word, state) in [
            ("QUEUED", State::Queued),
            ("PREPROCESSING", State::Initializing),
            ("PREPROCESSING_ERROR", State::SystemError),
            ("NOT_PROCESSED", State::Unknown),
            ("COMPLETE_WITH_ERRORS", State::ExecutorError),
            ("CANCELING", State::Canceling),
            ("EXECUTOR_ERROR", State::ExecutorError),
            ("SOMETHING_NEW", State::Unknown),
        ] {
            assert_eq!(observed(Some(word)), Observed::new(state, word));
        }
    }

    #[test]
    fn a_run_with_errors_keeps_its_outputs() {
        let run = serde_json::from_value(json!({
            "run_id": "7", "state": "COMPLETE_WITH_ERRORS", "request": {"workflow_name": "impute"},
            "run_log": {"name": "x", "cmd": "java -jar", "start_time": "2026-05-01T10:00:00Z",
                "end_time": "2026-05-01T11:00:00Z", "exit_code": 1},
            "errors": ["chunk <b>3</b> failed"], "outputs": {"vcf": "gs://b/a.vcf.gz"},
            "events": null, "dependencies": null,
        }))
        .unwrap();
        let task =
            serde_json::from_value(json!({"task_id": "a/b", "name": "call", "cmd": ["x", "y"]}));

        let details = details(run, vec![task.unwrap(), wire::Log::default()]);

        assert_eq!(details.name.as_deref(), Some("impute"));
        assert_eq!(details.cmd, ["java -jar"]);
        assert_eq!(details.exit_code, Some(1));
        assert_eq!(details.system_logs[0], "chunk 3 failed");
        assert!(details.system_logs[1].contains("COMPLETE_WITH_ERRORS"));
        assert_eq!(details.outputs["vcf"], "gs://b/a.vcf.gz");
        assert_eq!(details.stdout, LogSource::Remote("logs/stdout".to_owned()));
        assert_eq!(details.tasks[0].stderr, LogSource::Remote("tasks/a/b/logs/stderr".to_owned()));
        assert_eq!(
            (details.tasks[1].id.as_str(), &details.tasks[1].stdout),
            ("1", &LogSource::None)
        );
    }

    #[test]
    fn only_locators_of_logs_are_paths() {
        for (locator, expected) in [
            ("logs/stdout", Some(vec!["logs", "stdout"])),
            ("tasks/a/b/logs/stderr", Some(vec!["tasks", "a/b", "logs", "stderr"])),
            ("logs/../cancel", None),
            ("tasks/a/logs/x", None),
            ("https://elsewhere.example/", None),
        ] {
            assert_eq!(log_path(locator), expected, "{locator}");
        }
    }
}
