//! Configurations that load, and what is told of those that do not.

use std::time::Duration;

use super::*;

#[test]
fn no_configuration_is_a_safe_one() {
    let config = load(None, []).unwrap();

    assert!(config.server.listen.ip().is_loopback());
    assert!(config.server.ops_listen.ip().is_loopback());
    assert!(config.services.is_empty());
}

#[test]
fn every_problem_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    std::fs::write(
        &file,
        r#"
        color = "blue"
        [server]
        listen = "nowhere"
        prot = 1
        [gateway]
        poll_min = "2 parsecs"
        [[services]]
        id = "Bad Id"
        kind = "fax"
        url = "http://127.0.0.1"
        jurisdiction = "Kenya"
        credential = { type = "bearer", token = "hunter2" }
        [[services]]
        id = "a"
        kind = "wes"
        url = "http://127.0.0.1"
        jurisdiction = "Kenya"
        [[services]]
        id = "a"
        kind = "fax"
        url = "http://127.0.0.1"
        jurisdiction = "KE"
        credential = { type = "bearer", token = "env:GA4GH_GATEWAY_TEST_UNSET" }
        "#,
    )
    .unwrap();

    let problems = load(Some(&file), []).unwrap_err();

    let told: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
    for key in [
        "color",
        "server.listen",
        "server.prot",
        "gateway.poll_min",
        "services[0].credential",
        "services[0].jurisdiction",
        "services[1].kind",
        "services[1].credential",
        "services[1].id",
    ] {
        assert!(told.iter().any(|told| told.starts_with(key)), "{key} in {told:?}");
    }
    let text = problems.iter().map(ToString::to_string).collect::<String>();
    assert!(text.contains("bad.toml") && !text.contains("hunter2"), "{text}");
}

#[test]
fn the_environment_lies_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.toml");
    std::fs::write(&file, "[gateway]\npoll_min = \"1s\"\nstage_bytes = 1\n").unwrap();
    let environment =
        [("GA4GH_GATEWAY__GATEWAY__POLL_MIN", "3s"), ("GA4GH_GATEWAY__GATEWAY__STAGE_BYTES", "7")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));

    let config = load(Some(&file), environment).unwrap();

    assert_eq!(config.gateway.poll_min, Duration::from_secs(3));
    assert_eq!(config.gateway.stage_bytes, 7);
}
