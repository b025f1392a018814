//! Real WES clients, each run to its end.

use serde_json::Value;

use super::{command, file};
use crate::support::program::succeed;

/// `wes-client`, the GA4GH reference client: what it prints. It sends `header` (`Name: value`) with
/// every call but a submit. A submit without `--no-wait` polls every 8 s.
pub(crate) async fn wes_client(origin: &str, header: Option<&str>, arguments: &[&str]) -> String {
    let home = tempfile::tempdir().expect("temporary folders can be made");
    let host = origin.trim_start_matches("http://");
    let mut client = command("wes-servers", "wes-client", home.path());
    client.args(["--proto", "http", "--host", host]);
    if let Some(header) = header {
        client.args(["--auth", header]);
    }
    succeed(client.args(arguments)).await
}

/// `toil-wes-cwl-runner`: submits a workflow with its parameters, waits for its end, and fails when
/// the run did. The password goes out as HTTP Basic, the only login it knows.
pub(crate) async fn toil_wes_cwl_runner(
    origin: &str,
    login: Option<(&str, &str)>,
    workflow: &str,
    params: &str,
) -> String {
    let home = tempfile::tempdir().expect("temporary folders can be made");
    let mut client = command("wes-servers", "toil-wes-cwl-runner", home.path());
    client.arg(format!("--wes_endpoint={origin}")).arg(file(workflow)).arg(file(params));
    if let Some((user, password)) = login {
        client.env("TOIL_WES_USER", user).env("TOIL_WES_PASSWORD", password);
    }
    succeed(&client).await
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
