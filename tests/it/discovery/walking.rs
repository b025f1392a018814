//! A registry is walked: bounded, never in circles, and without the credential for others.

use axum::{Json, Router, http::HeaderMap, routing::get};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

use super::{allowed, discover, serve};
use crate::support::{TestGateway, TestService};

fn entry(id: &str, artifact: &str, url: &str) -> Value {
    json!({
        "id": id, "name": format!("The {id}"), "url": url,
        "type": {"group": "org.ga4gh", "artifact": artifact, "version": "1.1.0"},
        "organization": {"name": "Ilifu", "url": "https://www.ilifu.ac.za"},
        "contactUrl": "mailto:ops@ilifu.ac.za",
    })
}

/// A registry of these entries; `self` is its own URL.
fn registry(entries: Vec<Value>) -> Router {
    let list = get(move || async move { Json(Value::Array(entries)) });
    Router::new().route("/service-registry/services", list)
}

#[tokio::test]
async fn what_a_registry_lists_is_found_in_turn() {
    let wes = TestService::start("x", "wes", "ZA", &[("dialect", "toil")]).await;
    let gateway = TestGateway::start_with(&[], allowed()).await;
    let (wes, own) = (wes.simulator.url(), gateway.base_url());
    let url = serve(|own_url| {
        registry(vec![
            entry("toil-za", "wes", wes.as_ref()),
            entry("the-same", "wes", wes.as_ref()),
            entry("circle", "service-registry", own_url),
            entry("ourselves", "wes", &format!("{own}/ga4gh/wes/v1")),
            entry("files", "drs", "https://drs.example.org"),
            entry("gone", "wes", "http://127.0.0.1:1"),
            entry("inside", "wes", "http://10.1.2.3/wes"),
        ])
    })
    .await;

    let found = discover(&gateway, &url, json!({"type": "none"})).await;

    let proposals = found["proposals"].as_array().unwrap();
    assert_eq!(proposals.len(), 1, "{found:#}");
    let proposal = &proposals[0];
    assert_eq!(proposal["service"]["id"], "toil-za", "{found:#}");
    assert_eq!(proposal["service"]["name"], "The toil-za");
    assert_eq!(proposal["service"]["organization"]["name"], "Ilifu");
    assert_eq!(proposal["listed_in"], format!("{url}/service-registry/services"));
    assert_eq!(found["looked_at"], 5, "{found:#}");
    assert_eq!(found["complete"], true);
    let notes = found["notes"].to_string();
    for word in
        ["registry of 7 services", "takes no runs", "this gateway itself", "private network"]
    {
        assert!(notes.contains(word), "{word}: {found:#}");
    }
}

#[tokio::test]
async fn a_walk_ends() {
    let settings = json!({"discovery":
        {"allow_networks": ["127.0.0.1/32"], "max_services": 5, "max_depth": 1}});
    let gateway = TestGateway::start_with(&[], settings).await;
    let many = serve(|own| {
        let own = own.to_owned();
        let entry = move |n| entry(&format!("s{n}"), "service-registry", &format!("{own}/{n}"));
        registry((0..40).map(entry).collect())
    })
    .await;

    let found = discover(&gateway, &many, json!({"type": "none"})).await;

    assert_eq!(found["complete"], false, "{found:#}");
    assert!(found["looked_at"].as_u64().unwrap() <= 6, "{found:#}");
    assert!(found["notes"].to_string().contains("there are too many"), "{found:#}");
}

#[tokio::test]
async fn the_credential_goes_to_the_given_origin_alone() {
    let gateway = TestGateway::start_with(&[], allowed()).await;
    let seen: Arc<Mutex<Vec<(String, bool)>>> = Arc::default();
    let watched = |name: &'static str, seen: &Arc<Mutex<Vec<(String, bool)>>>| {
        let seen = seen.clone();
        move |headers: HeaderMap| {
            let shown =
                headers.contains_key("authorization") || headers.contains_key("x-auth-token");
            seen.lock().unwrap().push((name.to_owned(), shown));
            async { Json(json!({})) }
        }
    };
    let other = serve(|_| Router::new().fallback(watched("other", &seen))).await;
    let home = serve(|own| {
        let entries =
            vec![entry("far", "wes", &other), entry("near", "wes", &format!("{own}/near"))];
        registry(entries).fallback(watched("home", &seen))
    })
    .await;

    discover(&gateway, &home, json!({"type": "bearer", "token": "s3cret"})).await;

    let seen = seen.lock().unwrap();
    assert!(seen.iter().any(|(name, shown)| name == "home" && *shown), "{seen:?}");
    assert!(seen.iter().any(|(name, _)| name == "other"), "{seen:?}");
    assert!(seen.iter().all(|(name, shown)| name == "home" || !shown), "{seen:?}");
}
