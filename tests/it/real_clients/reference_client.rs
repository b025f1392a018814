//! `wes-client`, the GA4GH reference client, in front of three real servers.

use serde_json::{Value, json};

use super::{curl, gateway_before, path, url_of};
use crate::support::{
    TestGateway,
    real::{RealServer, clients},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_client_runs_a_workflow_on_the_reference_server() {
    let server = RealServer::wes_server().await;
    let gateway = gateway_before(&server).await;

    let outputs = echo(&gateway).await;

    assert_eq!(outputs["said"]["basename"], "said.txt", "{outputs}");
    let size = "hello federation\n".len();
    assert_eq!(outputs["said"]["size"], json!(size), "{outputs}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_client_runs_a_workflow_on_toil() {
    let server = RealServer::toil().await;
    let gateway = gateway_before(&server).await;

    let outputs = echo(&gateway).await;

    assert_eq!(outputs["said"]["basename"], "said.txt", "{outputs}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_client_runs_a_workflow_on_sapporo() {
    let server = RealServer::sapporo().await;
    let gateway = gateway_before(&server).await;

    let outputs = echo(&gateway).await;

    // Sapporo serves its files, so the gateway does too.
    let url = url_of(&outputs, "said.txt").unwrap_or_else(|| panic!("no file in {outputs}"));
    assert!(url.starts_with(&gateway.base_url()), "{url}");
    assert_eq!(curl(&gateway.token("amina"), &[&url]).await, "hello federation\n");
    gateway.stop().await;
}

/// Submits, waits, and reads what it prints. It fails unless the run is `COMPLETE`.
async fn echo(gateway: &TestGateway) -> Value {
    let (token, arguments) = (gateway.token("amina"), [path("echo.cwl"), path("echo.json")]);
    let arguments = arguments.each_ref().map(String::as_str);
    let printed = clients::wes_client(&gateway.base_url(), Some(&token), &arguments).await;
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error} in {printed}"))
}
