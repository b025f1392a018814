//! DNAstack's own Python library as a client of ours. The only login it knows is OAuth 2.

use axum::{Json, Router, routing::post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{gateway_before, path};
use crate::support::{
    TestGateway,
    real::{RealServer, clients},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_dnastack_library_submits_polls_lists_and_cancels() {
    let server = RealServer::sapporo().await;
    let gateway = gateway_before(&server).await;
    let token_endpoint = token_endpoint(gateway.token("amina")).await;

    let (ran, canceled) = tokio::join!(
        library(&gateway, &token_endpoint, ["echo.cwl", "echo.json", "--list"]),
        library(&gateway, &token_endpoint, ["sleep.cwl", "empty.json", "--cancel"]),
    );

    assert_eq!(ran["state"], "COMPLETE", "{ran}");
    assert_eq!(canceled["state"], "CANCELED", "{canceled}");
    assert_eq!(ran["service_info"]["type"]["artifact"], "wes", "{ran}");
    let listed = ran["listed"].as_array().expect("runs are listed");
    assert!(listed.contains(&ran["run_id"]) && listed.contains(&canceled["run_id"]), "{ran}");
    gateway.stop().await;
}

async fn library(gateway: &TestGateway, token_endpoint: &str, arguments: [&str; 3]) -> Value {
    let base = format!("{}/ga4gh/wes/v1/", gateway.base_url());
    let [workflow, params, flag] = arguments;
    let (workflow, params) = (path(workflow), path(params));
    let oauth = ["--oauth", token_endpoint, "a-client", "its-secret"];
    let arguments = [&[workflow.as_str(), &params, flag][..], &oauth].concat();
    clients::dnastack_library(&base, &arguments).await
}

/// The token endpoint of an identity provider that knows one client.
#[expect(clippy::disallowed_methods, reason = "it ends with the runtime of its test")]
pub(crate) async fn token_endpoint(token: String) -> String {
    let granted = json!({"access_token": token, "token_type": "Bearer", "expires_in": 3600});
    let grant = async move |form: String| {
        assert!(form.contains("grant_type=client_credentials"), "{form}");
        Json(granted.clone())
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound");
    let provider = Router::new().route("/token", post(grant));
    tokio::spawn(async move { axum::serve(listener, provider).await });
    format!("http://{address}/token")
}
