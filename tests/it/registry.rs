//! The GA4GH Service Registry, for anybody and for DNAstack's real client.

use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::support::{TestGateway, TestService, client::WesClient, real::clients};

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_lists_live_services_and_the_gateway_itself() {
    let (wes, cloudgene, dead) = (
        TestService::start("nairobi", "wes", "KE", &[]).await,
        TestService::start("cape-town", "cloudgene3", "ZA", &[]).await,
        TestService::start("dead", "wes", "ZA", &[("hang", "true")]).await,
    );
    dead.simulator.stopped().await;
    let gateway = TestGateway::start_configured(
        vec![wes.config.clone(), cloudgene.config.clone(), unreachable("dead")],
        json!({}),
    )
    .await;
    let anybody = gateway.stranger();

    for base in ["/ga4gh/registry/v1", "/service-registry"] {
        let (status, headers, all) = get(&anybody, &format!("{base}/services")).await;

        assert_eq!(status, StatusCode::OK);
        // DNAstack's client compares the whole value.
        assert_eq!(headers[header::CONTENT_TYPE], "application/json");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        let ids: Vec<_> =
            all.as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap()).collect();
        let own = "org.example.ga4gh-gateway.wes";
        assert_eq!(ids, [own, &format!("{own}-1.1"), "cape-town", "nairobi"], "{all}");
        for entry in all.as_array().unwrap() {
            for member in ["id", "name", "version", "url"] {
                assert!(entry[member].is_string(), "{member} of {entry}");
            }
            assert!(
                entry["type"]["artifact"].is_string() && entry["organization"]["url"].is_string()
            );
        }
        let (_, _, one) = get(&anybody, &format!("{base}/services/nairobi")).await;
        assert_eq!(
            one["type"],
            json!({"group": "org.ga4gh", "artifact": "wes", "version": "1.0.0"})
        );
        let (status, _, down) = get(&anybody, &format!("{base}/services/dead")).await;
        assert_eq!((status, &down["id"]), (StatusCode::OK, &json!("dead")));
        let (status, _, missing) = get(&anybody, &format!("{base}/services/nobody")).await;
        assert_eq!((status, &missing["status"]), (StatusCode::NOT_FOUND, &json!(404)));
        assert!(missing["title"].is_string(), "{missing}");
        let (_, _, types) = get(&anybody, &format!("{base}/services/types")).await;
        assert_eq!(types.as_array().unwrap().len(), 4, "{types}");
        let (_, _, info) = get(&anybody, &format!("{base}/service-info")).await;
        assert_eq!(info["type"]["artifact"], "service-registry", "{info}");
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dnastack_client_finds_the_gateway_in_its_registry_and_runs_through_it() {
    let service = TestService::start("nairobi", "wes", "KE", &[("run_ms", "300")]).await;
    let gateway = TestGateway::start(&[&service]).await;
    let token_endpoint = crate::real_clients::token_endpoint(gateway.token("amina")).await;
    let login = json!({
        "grant_type": "client_credentials",
        "client_id": "a-client",
        "client_secret": "its-secret",
        "access_token_url": token_endpoint,
    });
    let gateway = gateway.restart_with(json!({"api": {"registry_login": login}})).await;
    let registry = format!("{}/ga4gh/registry/v1/", gateway.base_url());

    let report = clients::dnastack_registry(&registry).await;

    let listed = report["listed"].to_string();
    for id in ["nairobi", "org.example.ga4gh-gateway.wes-1.1"] {
        assert!(listed.contains(id), "{id} in {listed}");
    }
    assert_eq!(report["state"], "COMPLETE", "{report}");
    assert_eq!(service.submissions().len(), 1);
    gateway.stop().await;
}

async fn get(client: &WesClient, path: &str) -> (StatusCode, http::HeaderMap, Value) {
    client.send(Method::GET, path, &[], None).await
}

/// A service where nobody listens.
fn unreachable(id: &str) -> Value {
    json!({"id": id, "kind": "wes", "url": "http://127.0.0.1:9", "jurisdiction": "ZA"})
}
