//! Service-info bodies as the real servers send them, shortened.

use serde_json::json;

use super::*;

fn map(entries: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    entries
        .iter()
        .map(|(name, list)| ((*name).to_owned(), list.iter().map(|v| (*v).to_owned()).collect()))
        .collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one entry per server; splitting hides the table")]
fn service_infos_of_real_servers_are_read() {
    type Versions<'a> = &'a [(&'a str, &'a [&'a str])];
    let cases: [(&str, Value, Versions<'_>, Versions<'_>, bool); 6] = [
        (
            "wes-service",
            json!({"workflow_type_versions": {"CWL": {"workflow_type_version": ["v1.0", "v1.2"]}},
                "supported_wes_versions": ["0.3.0", "1.0.0"],
                "workflow_engine_versions": {"cwl-runner": "b''"}}),
            &[("CWL", &["v1.0", "v1.2"])],
            &[("cwl-runner", &[])],
            false,
        ),
        (
            "toil",
            json!({"workflow_type_versions": {"cwl": {"workflow_type_version": ["v1.0"]}, "py": null},
                "supported_wes_versions": ["1.0.0"], "workflow_engine_versions": {"toil": "9.6.0"},
                "default_workflow_engine_parameters": [{"name": "x", "default_value": null}]}),
            &[("cwl", &["v1.0"]), ("py", &[])],
            &[("toil", &["9.6.0"])],
            false,
        ),
        (
            "wes-service on Toil",
            json!({"workflow_type_versions": {"CWL": {"workflow_type_version": ["v1.0"]}},
                "workflow_engine_versions": ["3.16.0"], "supported_wes_versions": ["1.0.0"]}),
            &[("CWL", &["v1.0"])],
            &[],
            false,
        ),
        (
            "sapporo",
            json!({"type": {"group": "sapporo-wes", "version": "sapporo-wes-2.1.0"},
                "supported_wes_versions": ["sapporo-wes-2.1.0"],
                "workflow_type_versions": {"CWL": {"workflow_type_version": ["v1.2"]}},
                "workflow_engine_versions": {"cwltool": {"workflow_engine_version": ["3.3"]}},
                "default_workflow_engine_parameters": {"cwltool": []}}),
            &[("CWL", &["v1.2"])],
            &[("cwltool", &["3.3"])],
            true,
        ),
        (
            "DNAstack's own",
            json!({"workflow_type_versions": {"WDL": ["draft-2", "1.0"]},
                "supported_wes_versions": ["1.0.0"], "workflow_engine_versions": {"cromwell": "85"}}),
            &[("WDL", &["draft-2", "1.0"])],
            &[("cromwell", &["85"])],
            false,
        ),
        (
            "early Cromwell",
            json!({"workflow_type_version": {"WDL": ["1.0"]}, "supported_wes_versions": "1.0"}),
            &[("WDL", &["1.0"])],
            &[],
            false,
        ),
    ];
    for (server, info, types, engines, wants_engine) in cases {
        let told = read(&info).unwrap_or_else(|| panic!("{server} is a WES"));

        assert_eq!(told.offer.workflow_types, map(types), "{server}");
        assert_eq!(told.offer.engines, map(engines), "{server}");
        assert_eq!(told.wants_engine, wants_engine, "{server}");
    }
}

#[test]
fn what_is_no_wes_is_told_apart() {
    for (info, expected) in [
        (json!("hello"), false),
        (json!({"status": "ok"}), false),
        (json!({"id": "drs", "type": {"artifact": "drs", "version": "1.1.0"}}), false),
        (json!({"id": "wes", "type": {"artifact": "wes", "version": "1.1.0"}}), true),
        (json!({"supported_wes_versions": []}), true),
    ] {
        assert_eq!(read(&info).is_some(), expected, "{info}");
    }
}

#[test]
fn the_version_tells_whether_engines_are_named() {
    for (claim, expected) in [
        ("1.0.0", false),
        ("1.0", false),
        ("v1.1", true),
        ("1.1.0", true),
        ("2.0", true),
        ("x", false),
    ] {
        assert_eq!(has_engines(claim), expected, "{claim}");
    }
}

#[test]
fn the_engine_fits_the_language() {
    let many = map(&[("cwltool", &["3.3"]), ("nextflow", &["25", "26"]), ("streamflow", &[])]);
    let one = map(&[("my-engine", &["1"])]);
    for (engines, workflow_type, expected) in [
        (&many, "CWL", Some(("cwltool", Some("3.3")))),
        (&many, "Nextflow", Some(("nextflow", None))),
        (&many, "StreamFlow", Some(("streamflow", None))),
        (&many, "WDL", None),
        (&one, "WDL", Some(("my-engine", Some("1")))),
    ] {
        assert_eq!(engine_for(engines, workflow_type), expected, "{workflow_type}");
    }
}

#[test]
fn a_queue_is_what_the_service_counts_and_nothing_where_it_does_not_count() {
    let queue = |waiting: u64, running: u64| {
        let (waiting, running) = (Some(waiting), Some(running));
        Some(Queue { under_way: waiting.unwrap() + running.unwrap(), waiting, running })
    };
    for (counts, expected) in [
        (json!({"QUEUED": 4, "INITIALIZING": 1, "RUNNING": 2, "COMPLETE": 90}), queue(5, 2)),
        (json!({"complete": 3, "paused": 1}), queue(0, 1)),
        (json!({"COMPLETE": 3}), queue(0, 0)),
        (json!({"QUEUED": 0, "RUNNING": 0, "COMPLETE": 0}), None),
        (json!({}), None),
        (json!("many"), None),
        (json!({"QUEUED": -1, "RUNNING": "two"}), None),
    ] {
        let info = json!({"supported_wes_versions": ["1.0.0"], "system_state_counts": counts});

        assert_eq!(read(&info).unwrap().offer.queue, expected, "{counts}");
    }
}
