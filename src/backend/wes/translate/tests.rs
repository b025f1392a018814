//! Run logs as the real servers send them, shortened.

use serde_json::{Value, json};

use super::*;

fn read(body: Value) -> RunDetails {
    let log: wire::RunLog = serde_json::from_value(body).unwrap();
    let home: Url = "http://wes.example/ga4gh/wes/v1".parse().unwrap();
    let run_url: Url = "http://wes.example/ga4gh/wes/v1/runs/7".parse().unwrap();
    let ended = observed(log.state.as_deref()).state.is_terminal();
    let mut details = details(&log, &home, &run_url);
    details.tasks = tasks(&log.task_logs, &run_url, ended);
    details
}

#[test]
fn words_become_states() {
    for (word, state, expired) in [
        (Some("COMPLETE"), State::Complete, false),
        (Some("canceled"), State::Canceled, false),
        (Some("CANCELLED"), State::Canceled, false),
        (Some("PREEMPTED"), State::Preempted, false),
        (Some("DELETED"), State::Unknown, true),
        (Some("DELETING"), State::Unknown, true),
        (Some("FLYING"), State::Unknown, false),
        (None, State::Unknown, false),
    ] {
        let seen = observed(word);

        assert_eq!((seen.state, seen.expired), (state, expired), "{word:?}");
        assert_eq!(seen.word, word.unwrap_or_default());
    }
}

#[test]
fn a_log_is_text_or_a_reference() {
    let run_url: Url = "http://wes.example/ga4gh/wes/v1/runs/7".parse().unwrap();
    let remote = |url: &str| LogSource::Remote(url.to_owned());
    let inline = |text: &str| LogSource::Inline(text.to_owned());
    for (told, expected) in [
        (None, LogSource::None),
        (Some(""), LogSource::None),
        (Some("\u{1b}[1;30mINFO\u{1b}[0m done\n"), inline("\u{1b}[1;30mINFO\u{1b}[0m done\n")),
        (Some("/bin/sh: no such file"), inline("/bin/sh: no such file")),
        (Some("hello"), inline("hello")),
        (Some("note:this"), inline("note:this")),
        (
            Some("../../../../toil/wes/v1/logs/7/stderr"),
            remote("http://wes.example/toil/wes/v1/logs/7/stderr"),
        ),
        (Some("/api/jobs/7/stderr"), remote("http://wes.example/api/jobs/7/stderr")),
        (Some("https://other.example/log"), remote("https://other.example/log")),
        (Some("gs://bucket/log"), LogSource::None),
        (Some("file:///w/log"), LogSource::None),
    ] {
        assert_eq!(log_source(told, &run_url), expected, "{told:?}");
    }
}

#[test]
fn a_run_of_wes_service_is_read() {
    let details = read(json!({
        "run_id": "7", "state": "RUNNING", "request": {"workflow_url": "file:///tmp/x"},
        "run_log": {"cmd": [""], "start_time": "", "end_time": "", "stdout": "", "stderr": "INFO a\n",
            "exit_code": -1},
        "task_logs": [], "outputs": {},
    }));

    let expected = RunDetails {
        word: "RUNNING".to_owned(),
        stderr: LogSource::Inline("INFO a\n".to_owned()),
        ..RunDetails::default()
    };
    assert_eq!(details, expected);
}

#[test]
fn a_run_of_wes_service_on_toil_is_read() {
    let details = read(json!({
        "state": "COMPLETE",
        "run_log": {"cmd": ["['toil', 'x']"], "start_time": "1795307997.98",
            "end_time": "1795307990.00", "exit_code": "0"},
        "task_logs": null, "outputs": {"out": {"location": "/w/o.txt"}},
    }));

    assert_eq!(details.start_time, time::parse_lenient("1795307997.98"));
    assert_eq!(details.end_time, None, "a run does not end before it starts");
    assert_eq!(details.exit_code, Some(0));
}

#[test]
fn a_run_of_toil_is_read() {
    let details = read(json!({
        "state": "CANCELED",
        "run_log": {"cmd": "toil-cwl-runner --x", "start_time": "2026-11-22T00:33:55.065442",
            "end_time": "2026-11-22T00:34:55.065442", "exit_code": 130, "stdout": null,
            "stderr": "../../../../toil/wes/v1/logs/7/stderr"},
        "task_logs": [{"name": "a", "cmd": ["x"], "exit_code": 0}, {"name": "b"}],
    }));

    assert_eq!(details.cmd, ["toil-cwl-runner --x"]);
    assert_eq!(details.exit_code, Some(130));
    assert!(details.end_time.is_some());
    let named: Vec<_> = details.tasks.iter().map(|t| (t.id.as_str(), t.name.as_str())).collect();
    assert_eq!(named, [("0", "a"), ("1", "b")]);
}

#[test]
fn a_run_of_galaxy_has_neither_request_nor_log() {
    let details = read(json!({
        "state": "COMPLETE", "request": null, "run_log": null, "task_logs": null,
        "task_logs_url": "/ga4gh/wes/v1/runs/7/tasks", "outputs": {},
    }));

    assert_eq!(details, RunDetails { word: "COMPLETE".to_owned(), ..RunDetails::default() });
}

#[test]
fn tasks_keep_ids_of_their_own() {
    let details = read(json!({
        "state": "COMPLETE",
        "task_logs": [{"id": "t", "system_logs": "one <b>line</b>"}, {"id": "t"}, {"task_id": 5}, 3],
    }));

    let ids: Vec<_> = details.tasks.iter().map(|task| task.id.as_str()).collect();
    assert_eq!(ids, ["t", "t-1", "5"]);
    assert_eq!(details.tasks[0].system_logs, ["one line"]);
}
