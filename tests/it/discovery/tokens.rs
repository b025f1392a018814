//! The access tokens of the gateway are not to be had by trials.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::Request};
use ga4gh_gateway::domain::Role;
use http::{StatusCode, header};
use serde_json::json;

use super::{allowed, serve};
use crate::support::{TestGateway, TestService};

#[tokio::test]
async fn a_trial_with_the_client_id_of_a_service_gets_no_token_of_it() {
    let dnastack = TestService::start("dnastack", "dnastack", "ZA", &[]).await;
    let gateway = TestGateway::start_with(&[&dnastack], allowed()).await;
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let elsewhere = serve(|_| recorder(seen.clone())).await;
    let stolen = |secret: &str| {
        let mut credential = dnastack.config["credential"].clone();
        credential["client_secret"] = json!(secret);
        let document = json!({
            "id": "mine", "kind": "dnastack", "url": elsewhere, "jurisdiction": "ZA",
            "settings": dnastack.config["settings"], "credential": credential,
        });
        (document, json!({"url": elsewhere, "credential": credential}))
    };
    let node_operator = gateway.client_as("mallory", &[Role::NodeOperator]);
    // The gateway has a token for the service, for its runs and for a test of its own.
    let path = "/services/dnastack/test-connection";
    assert_eq!(gateway.operator().post_v1(path, &json!({})).await.0, StatusCode::OK);

    let (document, look) = stolen("a-guess-of-the-secret");
    let tested = node_operator.post_v1("/services/test-connection", &document).await;
    let discovered = node_operator.post_v1("/services/discover", &look).await;

    let shown = seen.lock().unwrap().clone();
    assert_eq!(shown, [""; 0], "{tested:?} {discovered:?}");
    gateway.stop().await;
}

/// Answers everything, and keeps what was shown.
fn recorder(seen: Arc<Mutex<Vec<String>>>) -> Router {
    Router::new().fallback(move |request: Request| {
        let shown = request.headers().get(header::AUTHORIZATION);
        let shown = shown.and_then(|shown| shown.to_str().ok()).map(str::to_owned);
        seen.lock().expect("no holder panics").extend(shown);
        async { Json(json!({})) }
    })
}
