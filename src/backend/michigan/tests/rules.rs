//! Words into words, without a server.

use std::time::Duration;

use serde_json::{Value, json};

use super::{app_json, job_json, server_json, service, step_json};
use crate::{
    backend::{
        Error, LogSource, RunDetails,
        client::{Client, Config},
        michigan::{MichiganBackend, app, details, translate, wire},
        output_marker,
    },
    domain::Build,
    ga4gh::wes::State,
};

fn job(changes: Value) -> wire::Job {
    serde_json::from_value(job_json(changes)).unwrap()
}

fn files() -> Value {
    json!([{"name": "output", "files": [
        {"name": "chr_20.zip", "path": "/srv/x", "hash": "abc1", "count": 10, "size": "82 MB"},
        {"name": "statistics/../chunks.txt", "hash": "abc2", "size": "760 bytes"},
        {"name": "evil.txt", "hash": "../../x", "size": "1 bytes"}]},
        {"name": "logfile", "files": [{"name": "chr_20.zip", "hash": "abc3", "size": 1}]}])
}

#[test]
fn states_become_wes_words() {
    let general = json!([step_json("Summary", &[(1, "Pipeline execution failed.")])]);
    let reasoned = json!([step_json("QC", &[(1, "No chunks passed"), (2, "hm")])]);
    let canceled = json!([step_json("Summary", &[(1, "Pipeline execution canceled")])]);
    let over = |at: i64| json!({"state": 4, "positionInQueue": -1, "endTime": at});
    let now = 1_767_323_000_000_i64;
    for (changes, expected) in [
        (json!({"state": 1}), State::Queued),
        (json!({"state": 1, "setupRunning": true}), State::Initializing),
        (json!({"state": 2}), State::Running),
        (json!({"state": 3}), State::Running),
        (over(now - 1000), State::Running),
        (over(now - 90_000), State::Complete),
        (json!({"state": 4, "positionInQueue": -1, "outputParams": files()}), State::Complete),
        (json!({"state": 4, "positionInQueue": 0, "outputParams": files()}), State::Running),
        (json!({"state": 4, "positionInQueue": null, "outputParams": files()}), State::Complete),
        (json!({"state": 5, "steps": []}), State::SystemError),
        (json!({"state": 5, "steps": null}), State::SystemError),
        (json!({"state": 5, "steps": general}), State::SystemError),
        (json!({"state": 5, "steps": reasoned}), State::ExecutorError),
        (json!({"state": 5, "steps": canceled}), State::Canceled),
        (json!({"state": 6}), State::Canceled),
        (json!({"state": 7}), State::Unknown),
        (json!({"state": 8}), State::Complete),
        (json!({"state": 9}), State::ExecutorError),
        (json!({"state": 9, "steps": canceled}), State::Canceled),
        (json!({"state": -1}), State::SystemError),
        (json!({"state": 12}), State::Unknown),
    ] {
        let observed = translate::observe(&job(changes.clone()), false).unwrap();

        assert_eq!(observed.state, expected, "{changes}");
        assert_eq!(observed.expired, changes["state"] == 7, "{changes}");
        assert!(observed.word.contains(&changes["state"].to_string()), "{}", observed.word);
    }
}

#[test]
fn a_deleted_job_is_an_unknown_run() {
    let observed = translate::observe(&job(json!({"state": 10})), false);

    assert!(matches!(observed, Err(Error::UnknownRun)));
}

#[test]
fn a_job_that_is_being_canceled_may_look_failed() {
    let observed = translate::observe(&job(json!({"state": 5})), true).unwrap();

    assert_eq!(observed.state, State::Canceling);
}

fn told(changes: Value) -> RunDetails {
    details::details(&job(changes), false, Duration::from_secs(7 * 24 * 3600)).unwrap()
}

#[test]
fn a_finished_job_tells_tasks_outputs_and_expiry() {
    let details = told(json!({
        "state": 4, "positionInQueue": -1, "endTime": 1_767_326_400_000_i64,
        "outputParams": files(), "steps": [
            step_json("Input Validation", &[(0, "1 file.<br>Samples: 51"), (2, "Lifted over")]),
            step_json("Phasing", &[(3, "<b>Imputation (2/4)</b>")]),
            step_json("Summary", &[(0, "Password: <b>GwSecret</b>")]),
        ],
    }));

    let tasks: Vec<_> = details.tasks.iter().map(|t| (t.id.as_str(), t.exit_code)).collect();
    assert_eq!(tasks, [("0", Some(0)), ("1", None), ("2", Some(0))]);
    assert_eq!(details.tasks[0].system_logs, ["1 file.\nSamples: 51", "warning: Lifted over"]);
    assert_eq!(details.system_logs, ["warning: Lifted over"]);
    assert_eq!(details.exit_code, Some(0));
    assert_eq!(details.cmd, ["POST", "/api/v2/jobs/submit/imputationserver2@2.0.12"]);
    assert_eq!(details.stdout, LogSource::Remote("log".to_owned()));
    assert_eq!(details.expires_at.unwrap().to_string(), "2026-01-09T04:00:00Z");
    let paths: Vec<_> =
        details.files.iter().map(|f| (f.path.as_str(), f.locator.as_str())).collect();
    assert_eq!(
        paths,
        [
            ("chr_20.zip", "share/results/abc1/chr_20.zip"),
            ("statistics/chunks.txt", "share/results/abc2/statistics/chunks.txt"),
            ("logfile/chr_20.zip", "share/results/abc3/chr_20.zip"),
        ]
    );
    assert_eq!(
        details.outputs["output"][0],
        json!({"name": "chr_20.zip", "url": output_marker("chr_20.zip"),
               "size_display": "82 MB", "encrypted": true})
    );
    let shown = serde_json::to_string(&details).unwrap();
    for secret in ["abc1", "/srv", "GwSecret"] {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
}

#[test]
fn a_job_that_never_began_has_no_log() {
    for (changes, has_log) in [
        (json!({"state": 1, "startTime": 0}), false),
        (json!({"state": 5, "startTime": 0, "finishedOn": 5}), false),
        (json!({"state": 1, "startTime": 0, "setupRunning": true, "setupStartTime": 5}), true),
        (json!({"state": 2}), true),
        (json!({"state": 7}), false),
    ] {
        assert_eq!(told(changes.clone()).stdout != LogSource::None, has_log, "{changes}");
    }
}

#[test]
fn a_failure_without_a_step_is_explained() {
    let details = told(json!({"state": 5}));

    assert!(details.system_logs[0].contains("before its first step"));
    assert_eq!(details.exit_code, Some(1));
}

#[test]
fn results_are_listed_while_they_can_be_fetched() {
    for (state, listed) in [
        (2, false),
        (3, false),
        (5, true),
        (6, true),
        (7, false),
        (8, true),
        (9, true),
        (-1, false),
    ] {
        let details = told(json!({"state": state, "outputParams": files()}));

        assert_eq!(!details.files.is_empty(), listed, "{state}");
        assert_eq!(!details.outputs.is_empty(), listed, "{state}");
    }
}

#[test]
fn a_told_day_of_deletion_goes_before_the_estimate() {
    let details = told(json!({"state": 8, "endTime": 1000, "deletedOn": 1_767_323_000_000_i64}));

    assert_eq!(details.expires_at.unwrap().as_millisecond(), 1_767_323_000_000);
}

#[test]
fn the_newest_wanted_app_is_chosen() {
    let server: wire::Server = serde_json::from_value(server_json()).unwrap();
    for (wanted, expected) in [
        ("imputationserver2", Some("imputationserver2@2.0.12")),
        ("imputationserver2@2.0.9", Some("imputationserver2@2.0.9")),
        ("imputationserver2-hla", Some("imputationserver2-hla@1.0.0")),
        ("imputationserver", None),
    ] {
        assert_eq!(app::choose(&server, wanted), expected, "{wanted}");
    }
}

#[test]
fn panels_are_read_from_the_parameters() {
    let panels = app::panels(&serde_json::from_value(app_json()).unwrap());

    let told: Vec<_> = panels
        .iter()
        .map(|panel| {
            let populations: Vec<_> = panel.populations.iter().map(|p| p.id.as_str()).collect();
            (panel.id.as_str(), panel.key.as_str(), panel.build, populations.join(","))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("demo-afr", "apps@demo-afr@1.0.0", Some(Build::Hg38), "afr,off".to_owned()),
            ("demo-eur", "apps@demo-eur@1.0.10", Some(Build::Hg19), "eur".to_owned()),
            ("both", "apps@both", None, String::new()),
        ]
    );
    assert_eq!(panels[0].name, "Demo & AFR (GRCh38/hg38)");
    assert_eq!(panels[0].input_builds, [Build::Hg19, Build::Hg38]);
}

#[test]
fn the_version_is_read_from_the_badge() {
    for (svg, expected) in [
        ("<svg width=\"1.5\"><text>cloudgene</text><text>v3.1.3</text></svg>", Some("3.1.3")),
        ("<svg><text>version: 2.8.5</text></svg>", Some("2.8.5")),
        ("<html>502</html>", None),
    ] {
        assert_eq!(app::badge_version(svg).as_deref(), expected, "{svg}");
    }
}

#[test]
fn a_bad_setting_is_told_in_words() {
    let client = Client::try_new(Config::default()).unwrap();
    for (url, settings, expected) in [
        ("http://h", json!({"apps": "x"}), "unknown field `apps`"),
        ("http://h", json!({"app": "a/b"}), "`app` is an id"),
        ("http://h", json!({"retention_days": 0}), "`retention_days`"),
        ("ftp://h", json!({}), "http://"),
    ] {
        let built = MichiganBackend::try_new(&service(url, settings), client.clone());

        let error = built.unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}
