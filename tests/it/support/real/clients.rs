//! Real WES clients, each run to its end.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

use super::{command, file};
use crate::support::program::{finish, succeed};

/// `wes-client`, the GA4GH reference client: what it prints. A submit without `--no-wait` polls
/// every 8 s.
pub(crate) async fn wes_client(origin: &str, token: Option<&str>, arguments: &[&str]) -> String {
    let home = tempfile::tempdir().expect("temporary folders can be made");
    let mut client = command("wes-servers", "wes-client", home.path());
    point(&mut client, home.path(), origin, token);
    succeed(client.args(arguments)).await
}

/// `wes-client` as `tests/real/wes_client_impute.py` extends it, in a folder of the caller's: it names
/// attachments by their path from there.
pub(crate) async fn wes_client_impute(
    folder: &Path,
    origin: &str,
    token: &str,
    arguments: &[&str],
) -> String {
    let home = tempfile::tempdir().expect("temporary folders can be made");
    let mut client = command("wes-servers", "python3", home.path());
    client.arg(file("wes_client_impute.py")).current_dir(folder);
    point(&mut client, home.path(), origin, Some(token));
    succeed(client.args(arguments)).await
}

/// `toil-wes-cwl-runner`: submits a workflow with its parameters, waits for its end, prints its
/// outputs, and exits as the run did. The password goes out as HTTP Basic, the only login it knows.
pub(crate) async fn toil_wes_cwl_runner(
    origin: &str,
    login: Option<(&str, &str)>,
    workflow: &str,
    params: &str,
) -> Output {
    let home = tempfile::tempdir().expect("temporary folders can be made");
    let mut client = command("wes-servers", "toil-wes-cwl-runner", home.path());
    client.arg(format!("--wes_endpoint={origin}")).arg(file(workflow)).arg(file(params));
    if let Some((user, password)) = login {
        client.env("TOIL_WES_USER", user).env("TOIL_WES_PASSWORD", password);
    }
    finish(&client).await
}

/// DNAstack's library (`tests/real/dnastack_wes.py`): submits a workflow, waits for its end, and
/// reports `service_info`, `run_id`, `state`, and `listed` when the runs are to be listed.
pub(crate) async fn dnastack_library(base: &str, arguments: &[&str]) -> Value {
    let home = tempfile::tempdir().expect("temporary folders can be made");
    let mut client = command("dnastack", "python3", home.path());
    client.arg(file("dnastack_wes.py")).arg(base).args(arguments);
    let report = succeed(&client).await;
    serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error} in {report}"))
}

/// DNAstack's CLI and library (`tests/real/dnastack_registry.py`): imports a service registry, and runs
/// a workflow at the WES that it finds there. Reports `listed`, `run_id` and `state`.
pub(crate) async fn dnastack_registry(registry: &str) -> Value {
    let home = tempfile::tempdir().expect("temporary folders can be made");
    let mut client = command("dnastack", "python3", home.path());
    client.arg(file("dnastack_registry.py")).arg(registry);
    let report = succeed(&client).await;
    serde_json::from_str(&report).unwrap_or_else(|error| panic!("{error} in {report}"))
}

/// Its `--auth` leaves out the submit, and a login in `--host` the logs. What stands in `~/.netrc`
/// goes along with every call, as HTTP Basic.
fn point(client: &mut Command, home: &Path, origin: &str, token: Option<&str>) {
    if let Some(token) = token {
        let line = format!("machine 127.0.0.1 login anyone password {token}\n");
        fs::write(home.join(".netrc"), line).expect("a fresh folder can be written");
    }
    client.args(["--proto", "http", "--host", origin.trim_start_matches("http://")]);
}
