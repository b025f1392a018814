//! Real servers of others: found for what they are, and scored with the oddities that they are known for.

use http::StatusCode;
use serde_json::{Value, json};

use super::{check, discover};
use crate::support::{TestGateway, http as plain, real::RealServer};

/// What a real server is found to be, and its scorecard.
async fn look_at(server: &RealServer) -> (Value, Value) {
    // Real servers are slow on a machine that does other things.
    let settings = json!({"discovery":
        {"allow_networks": ["127.0.0.1/32"], "timeout": "60s", "answer_timeout": "20s"}});
    let gateway = TestGateway::start_with(&[], settings).await;
    let found = discover(&gateway, &server.origin(), json!({"type": "none"})).await;
    let proposal = found["proposals"][0].clone();
    assert_eq!(proposal["service"]["kind"], "wes", "{found:#}");
    assert_eq!(proposal["service"]["url"], server.url(""), "{found:#}");

    let document = proposal["service"].clone();
    let operator = gateway.operator();
    let (status, card) = operator.post_v1("/services/test-connection", &document).await;
    assert_eq!(status, StatusCode::OK, "{card}");
    (proposal, card)
}

/// How many runs it lists.
async fn runs(server: &RealServer) -> usize {
    let list = plain::get(&server.url("/runs")).await.expect("it lists its runs");
    let runs = list["runs"].as_array().or(list["workflows"].as_array());
    runs.expect("a list has runs").len()
}

#[tokio::test]
async fn wes_server_is_known_by_its_silence() {
    let server = RealServer::wes_server().await;

    let (proposal, card) = look_at(&server).await;

    assert_eq!(proposal["software"], "wes-service", "{proposal:#}");
    assert!(proposal["offer"]["workflow_types"]["CWL"].is_array(), "{proposal:#}");
    assert!(check(&card, "service_info").1.contains("id, name, type, organization"), "{card:#}");
    assert!(check(&card, "list").1.contains("`workflows`"), "{card:#}");
    assert_eq!(check(&card, "submit").0, "unknown", "{card:#}");
    assert_eq!(check(&card, "cancel").0, "unknown", "{card:#}");
    assert_eq!(runs(&server).await, 0, "nothing may be left behind");
}

#[tokio::test]
async fn toil_is_not_sent_half_a_submission() {
    let server = RealServer::toil().await;

    let (proposal, card) = look_at(&server).await;

    assert_eq!(proposal["software"], "Toil", "{proposal:#}");
    assert!(check(&card, "list").1.contains("`workflows`"), "{card:#}");
    assert_eq!(check(&card, "submit").0, "unknown", "{card:#}");
    assert_eq!(runs(&server).await, 0, "nothing may be left behind");
}

#[tokio::test]
async fn sapporo_refuses_half_a_submission_and_an_unknown_run() {
    let server = RealServer::sapporo().await;

    let (proposal, card) = look_at(&server).await;

    assert_eq!(proposal["software"], "Sapporo", "{proposal:#}");
    let info = check(&card, "service_info");
    assert!(info.0 == "warn" && info.1.contains("type.group"), "{card:#}");
    assert_eq!(check(&card, "list"), ("pass", "runs are listed under `runs`"), "{card:#}");
    assert_eq!(check(&card, "submit").0, "pass", "{card:#}");
    assert_eq!(check(&card, "cancel").0, "pass", "{card:#}");
    assert_eq!(check(&card, "authenticated").0, "warn", "{card:#}");
    assert_eq!(runs(&server).await, 0, "nothing may be left behind");
}
