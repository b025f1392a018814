//! Reference panels of two Cloudgene servers: who holds which, since when, under which terms, side by side.

use ga4gh_gateway::domain::Role;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    client::WesClient, eventually::eventually, gateway::TestGateway, services::TestService,
};

async fn cape_town() -> TestService {
    let panels = [("panels", "h3africa-v6hc-s,1000g-phase-3-v5")];
    TestService::start("cape-town", "cloudgene3", "ZA", &panels).await
}

async fn ann_arbor() -> TestService {
    let panels = [("panels", "hrc-r1.1,1000g-phase-3-v5")];
    TestService::start("ann-arbor", "cloudgene2", "US", &panels).await
}

async fn start(services: &[&TestService]) -> TestGateway {
    let settings = json!({"panels": {"interval": "100ms"}});
    let gateway = TestGateway::start_with(services, settings).await;
    let amina = gateway.client("amina");
    eventually("all panels are taken down", || async {
        let (_, list) = amina.get_v1("/panels").await;
        if list["total"] == 3 { Ok(()) } else { Err(list) }
    })
    .await;
    gateway
}

async fn read(client: &WesClient, path: &str) -> Value {
    let (status, body) = client.get_v1(path).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

/// Replaces the terms of a panel, if they are still at a version.
async fn put(
    client: &WesClient,
    path: &str,
    if_match: Option<&str>,
    terms: &Value,
) -> (StatusCode, Value) {
    let headers: Vec<_> = if_match.map(|tag| ("If-Match", tag)).into_iter().collect();
    let path = format!("/api/v1{path}");
    let (status, _, body) = client.send(Method::PUT, &path, &headers, Some(terms)).await;
    (status, body)
}

fn ids(list: &Value) -> Vec<&str> {
    let panels = list["panels"].as_array().expect("a list");
    panels.iter().map(|panel| panel["id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn a_researcher_finds_who_holds_a_panel() {
    let (cape_town, ann_arbor) = (cape_town().await, ann_arbor().await);
    let gateway = start(&[&cape_town, &ann_arbor]).await;
    let amina = gateway.client("amina");

    let all = read(&amina, "/panels").await;
    let african = read(&amina, "/panels?q=africa&build=hg38&available=true").await;
    let in_the_us = read(&amina, "/panels?jurisdiction=US&population=eur").await;
    let page = read(&amina, "/panels?page_size=2").await;
    let token = page["next_page_token"].as_str().expect("a token");
    let rest = read(&amina, &format!("/panels?page_size=2&page_token={token}")).await;
    let shared = read(&amina, "/panels/1000G-phase-3-v5").await;
    let of_cape_town = read(&amina, "/services/cape-town/panels").await;

    assert_eq!(ids(&all), ["1000g-phase-3-v5", "h3africa-v6hc-s", "hrc-r1.1"]);
    assert_eq!(ids(&african), ["h3africa-v6hc-s"]);
    assert_eq!(ids(&in_the_us), ["1000g-phase-3-v5", "hrc-r1.1"]);
    assert_eq!((page["total"].as_u64(), ids(&rest)), (Some(3), vec!["hrc-r1.1"]));
    assert_eq!(shared["held_in"], json!(["US", "ZA"]));
    assert_eq!((&shared["holder_count"], &shared["available_count"]), (&json!(2), &json!(2)));
    assert!(shared["holders"][0]["since"].is_string(), "{shared}");
    assert!(shared.get("samples").is_none(), "Cloudgene does not tell: {shared}");
    assert_eq!(of_cape_town["panels"].as_array().map(Vec::len), Some(2));
    gateway.stop().await;
}

#[tokio::test]
async fn a_panel_that_goes_is_shown_gone_and_stays_so_after_a_restart() {
    let (cape_town, ann_arbor) = (cape_town().await, ann_arbor().await);
    let gateway = start(&[&cape_town, &ann_arbor]).await;
    let since = read(&gateway.client("amina"), "/panels/1000g-phase-3-v5").await;

    cape_town.set("panels", "h3africa-v6hc-s");
    let amina = gateway.client("amina");
    let gone = eventually("the panel is gone from Cape Town", || async {
        let panel = read(&amina, "/panels/1000g-phase-3-v5").await;
        if panel["gone_count"] == 1 { Ok(panel) } else { Err(panel) }
    })
    .await;
    let gateway = gateway.restart().await;
    let after = read(&gateway.client("amina"), "/panels/1000g-phase-3-v5").await;

    let of = |panel: &Value, service: &str, member: &str| {
        let holders = panel["holders"].as_array().expect("a list");
        holders.iter().find(|h| h["service"] == service).map(|h| h[member].clone())
    };
    assert_eq!(gone["holders"][1]["service"], "cape-town", "those that hold it come first");
    let gone_since = of(&gone, "cape-town", "gone_since").expect("a holder");
    assert!(gone_since.is_string(), "{gone}");
    assert_eq!(of(&after, "cape-town", "gone_since"), Some(gone_since));
    for service in ["cape-town", "ann-arbor"] {
        assert_eq!(of(&after, service, "since"), of(&since, service, "since"));
    }
    gateway.stop().await;
}

#[tokio::test]
async fn what_an_operator_says_of_a_panel_is_shown_and_no_change_is_lost() {
    let (cape_town, ann_arbor) = (cape_town().await, ann_arbor().await);
    let gateway = start(&[&cape_town, &ann_arbor]).await;
    let (olu, amina) = (gateway.client_as("olu", &[Role::Operator]), gateway.client("amina"));
    let path = "/panels/h3africa-v6hc-s";
    let terms = json!({
        "note": "High coverage", "duo_terms": ["DUO:0000006"], "jurisdictions": ["ZA", "KE"],
        "samples": 4447, "aliases": ["v6hc-s"],
    });

    let as_researcher = put(&amina, path, Some("\"0\""), &terms).await;
    let without = put(&olu, path, None, &terms).await;
    let tried = put(&olu, &format!("{path}?dry_run=true"), Some("\"0\""), &terms).await;
    let unchanged = read(&amina, path).await;
    let written = put(&olu, path, Some("\"0\""), &terms).await;
    let stale = put(&olu, path, Some("\"0\""), &json!({})).await;
    let flawed = put(&olu, path, Some("\"1\""), &json!({"duo_terms": ["free"]})).await;
    let taken = put(&olu, "/panels/hrc-r1.1", Some("\"0\""), &json!({"aliases": ["v6hc-s"]})).await;
    let alias = put(&olu, "/panels/v6hc-s", Some("\"0\""), &json!({})).await;
    let nowhere = put(&olu, "/panels/topmed-r3", Some("\"0\""), &json!({})).await;

    let told = |answer: &(StatusCode, Value)| (answer.0.as_u16(), answer.1["reason"].clone());
    assert_eq!(told(&as_researcher), (403, json!("role_required")));
    assert_eq!(told(&without), (428, json!("precondition_required")));
    assert_eq!((tried.0, &tried.1["version"]), (StatusCode::OK, &json!(1)));
    assert!(unchanged.get("terms").is_none(), "{unchanged}");
    assert_eq!(written.0, StatusCode::OK, "{}", written.1);
    assert_eq!(told(&stale), (412, json!("changed_meanwhile")));
    assert_eq!(told(&flawed), (400, json!("bad_panel_terms")));
    assert_eq!(told(&taken), (409, json!("alias_taken")));
    assert_eq!(told(&alias), (409, json!("panel_is_alias")));
    assert_eq!(told(&nowhere), (404, json!("no_such_panel")));
    let gateway = gateway.restart().await;
    let shown = read(&gateway.client("amina"), "/panels/v6hc-s").await;
    assert_eq!((&shown["id"], &shown["samples"]), (&json!("h3africa-v6hc-s"), &json!(4447)));
    assert_eq!(shown["terms"]["jurisdictions"], json!(["KE", "ZA"]));
    assert!(shown["terms"].get("updated_by").is_none(), "{shown}");
    gateway.stop().await;
}

#[tokio::test]
async fn services_are_put_side_by_side() {
    let (cape_town, ann_arbor) = (cape_town().await, ann_arbor().await);
    let gateway = start(&[&cape_town, &ann_arbor]).await;
    let amina = gateway.client("amina");

    let compared = read(&amina, "/services/compare?ids=cape-town,ann-arbor").await;
    let unknown = amina.get_v1("/services/compare?ids=cape-town,atlantis").await;
    let nothing = amina.get_v1("/services/compare").await;
    let stranger = gateway.stranger().get_v1("/services/compare?ids=cape-town").await;

    let differences = compared["differences"].to_string();
    for told in [
        "law: ann-arbor in US; cape-town in ZA",
        "panel h3africa-v6hc-s: at cape-town, not at ann-arbor",
        "panel hrc-r1.1: at ann-arbor, not at cape-town",
    ] {
        assert!(differences.contains(told), "{told}: {differences}");
    }
    let service = &compared["services"][0];
    assert_eq!((&service["id"], &service["health"]["state"]), (&json!("cape-town"), &json!("up")));
    assert_eq!(service["queue"]["under_way"], 0);
    assert!(service["speed"]["latency_ms"].is_u64(), "{service}");
    assert_eq!(compared["panels"][0]["held"].as_object().map(serde_json::Map::len), Some(2));
    assert_eq!(
        (unknown.0, &unknown.1["reason"]),
        (StatusCode::NOT_FOUND, &json!("unknown_service_id"))
    );
    assert!(unknown.1["msg"].as_str().is_some_and(|msg| msg.contains("atlantis")));
    assert_eq!((nothing.0, &nothing.1["reason"]), (StatusCode::BAD_REQUEST, &json!("bad_query")));
    assert_eq!(stranger.0, StatusCode::UNAUTHORIZED);
    gateway.stop().await;
}
