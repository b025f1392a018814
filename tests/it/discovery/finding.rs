//! Every kind of server is found for what it is, and its proposal is one that works.

use ga4gh_gateway::{
    backend::{
        self,
        client::{Client, Config},
    },
    federation::{CredentialDocument, ServiceDocument},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::{allowed, discover};
use crate::support::{TestGateway, TestService};

/// The credential that a simulator takes.
fn credential_for(simulator: &str, url: &str) -> Value {
    match simulator {
        "cloudgene2" | "cloudgene3" => {
            json!({"type": "header", "name": "X-Auth-Token", "value": "sim-token"})
        }
        "dnastack" => json!({
            "type": "client_credentials",
            "token_url": format!("{url}oauth/token"),
            "client_id": "simulated-client",
            "client_secret": "simulated-secret",
            "resource": url,
        }),
        _ => json!({"type": "none"}),
    }
}

/// What the adapter itself sees, once the proposal is taken as a record.
async fn seen_by_adapter(proposal: &Value, credential: &Value) -> backend::Result<Value> {
    let mut document = proposal["service"].clone();
    assert_eq!(document["jurisdiction"], Value::Null);
    document["jurisdiction"] = json!("ZA");
    let document: ServiceDocument = serde_json::from_value(document).expect("a ready document");
    let service = document.to_service().expect("a right document");
    let client = Client::try_new(Config::default()).expect("the machine trusts somebody");
    let adapter = backend::build(&service, &client).expect("the settings are right");
    let credential: CredentialDocument =
        serde_json::from_value(credential.clone()).expect("a credential");
    let offer = adapter.describe(&credential.to_credential().expect("a right credential")).await?;
    let panels: Vec<_> = offer.panels.iter().map(|panel| panel.id.clone()).collect();
    Ok(json!({
        "workflow_types": offer.workflow_types,
        "engines": offer.engines,
        "panels": panels,
        "protocols": offer.protocols,
        "version": offer.version,
    }))
}

fn as_adapter_sees(offer: &Value) -> Value {
    let panels = offer["panels"].as_array().expect("an offer has panels");
    let panels: Vec<_> = panels.iter().map(|panel| panel["id"].clone()).collect();
    json!({
        "workflow_types": offer["workflow_types"],
        "engines": offer["engines"],
        "panels": panels,
        "protocols": offer["protocols"],
        "version": offer["version"],
    })
}

#[tokio::test]
async fn every_kind_is_found_for_what_it_is() {
    let gateway = TestGateway::start_with(&[], allowed()).await;
    let plain: &[(&str, &str)] = &[];
    for (simulator, knobs, kind, software) in [
        ("cloudgene2", plain, "michigan", "Cloudgene 2"),
        ("cloudgene3", plain, "michigan", "Cloudgene 3"),
        ("dnastack", plain, "dnastack", "DNAstack"),
        ("wes", &[("dialect", "spec")][..], "wes", "WES"),
        ("wes", &[("dialect", "wes-service")][..], "wes", "wes-service"),
        ("wes", &[("dialect", "toil")][..], "wes", "Toil"),
        ("wes", &[("dialect", "sapporo")][..], "wes", "Sapporo"),
        ("wes", &[("dialect", "starter-kit")][..], "wes", "starter kit"),
        ("wes", &[("dialect", "galaxy")][..], "wes", "Galaxy"),
    ] {
        let service = TestService::start("x", simulator, "ZA", knobs).await;
        let url = service.simulator.url().to_string();
        let credential = credential_for(simulator, &url);

        let found = discover(&gateway, &url, credential.clone()).await;

        let proposals = found["proposals"].as_array().unwrap();
        assert_eq!(proposals.len(), 1, "{simulator} {knobs:?}: {found:#}");
        let proposal = &proposals[0];
        assert_eq!(proposal["service"]["kind"], kind, "{found:#}");
        assert_eq!(proposal["certainty"], "certain", "{found:#}");
        assert!(proposal["software"].as_str().unwrap().contains(software), "{found:#}");
        assert_eq!(proposal["undecided"][0]["member"], "jurisdiction");
        let seen = seen_by_adapter(proposal, &credential).await.unwrap();
        assert_eq!(as_adapter_sees(&proposal["offer"]), seen, "{simulator} {knobs:?}");
        assert!(service.submissions().is_empty());
        let said = found.to_string();
        assert!(!said.contains("sim-token") && !said.contains("simulated-secret"), "{said}");
    }
}

#[tokio::test]
async fn a_path_leads_to_the_server_around_it() {
    let gateway = TestGateway::start_with(&[], allowed()).await;
    let wes = TestService::start("x", "wes", "ZA", &[]).await;
    let cloudgene = TestService::start("y", "cloudgene3", "ZA", &[("base_path", "/impute")]).await;
    let (wes, cloudgene) = (wes.simulator.url(), cloudgene.simulator.url());
    for (url, expected) in [
        (format!("{wes}ga4gh/wes/v1"), format!("{wes}ga4gh/wes/v1")),
        (format!("{wes}ga4gh/wes/v1/"), format!("{wes}ga4gh/wes/v1")),
        (format!("{wes}ga4gh/wes/v1/service-info"), format!("{wes}ga4gh/wes/v1")),
        (format!("{wes}ga4gh/wes/v1/runs?page_size=1"), format!("{wes}ga4gh/wes/v1")),
        (format!("{cloudgene}impute"), format!("{cloudgene}impute")),
        (format!("{cloudgene}impute/index.html#!pages/home"), format!("{cloudgene}impute")),
    ] {
        let found = discover(&gateway, &url, json!({"type": "none"})).await;

        let proposed = found["proposals"][0]["service"]["url"].as_str().unwrap_or_default();
        assert_eq!(proposed.trim_end_matches('/'), expected, "{url}: {found:#}");
    }
}

#[tokio::test]
async fn without_a_credential_it_is_told_what_is_missing() {
    let gateway = TestGateway::start_with(&[], allowed()).await;
    for (simulator, knobs, kind, certainty) in [
        ("cloudgene3", &[][..], "michigan", "certain"),
        ("dnastack", &[][..], "dnastack", "likely"),
        ("wes", &[("auth", "bearer")][..], "wes", "possible"),
    ] {
        let service = TestService::start("x", simulator, "ZA", knobs).await;

        let url = service.simulator.url().to_string();
        let found = discover(&gateway, &url, json!({"type": "none"})).await;

        let proposal = &found["proposals"][0];
        assert_eq!(proposal["service"]["kind"], kind, "{found:#}");
        assert_eq!(proposal["certainty"], certainty, "{found:#}");
        let undecided = proposal["undecided"].as_array().unwrap();
        assert!(undecided.iter().any(|open| open["member"] == "credential"), "{found:#}");
    }
}

#[tokio::test]
async fn a_service_that_takes_part_already_is_recognized() {
    let service = TestService::start("ilifu", "wes", "ZA", &[]).await;
    let gateway = TestGateway::start_with(&[&service], allowed()).await;

    let url = service.simulator.url().to_string();
    let found = discover(&gateway, &url, json!({"type": "none"})).await;

    assert_eq!(found["proposals"][0]["registered_as"], "ilifu", "{found:#}");
}

#[tokio::test]
async fn only_operators_look_and_a_wrong_body_does_not_tell_its_secret() {
    let gateway = TestGateway::start_with(&[], allowed()).await;
    let (operator, amina) = (gateway.operator(), gateway.client("amina"));
    let body = json!({"url": "http://127.0.0.1:1"});

    for path in ["/services/discover", "/services/test-connection", "/services/x/test-connection"] {
        let (status, said) = amina.post_v1(path, &body).await;
        // Who may not ask is told so, whatever they sent.
        let told = (status.as_u16(), said["reason"].as_str());
        assert_eq!(told, (403, Some("role_required")), "{path}: {said}");
    }
    for (credential, reason) in [
        (json!("s3cret"), "bad_json"),
        (json!({"type": "s3cret"}), "bad_json"),
        (json!({"type": "bearer", "token": ["s3cret"]}), "bad_json"),
        (json!({"type": "header", "name": "Host", "value": "s3cret"}), "bad_service"),
        (json!({"type": "bearer", "token": "s3cret\n"}), "bad_service"),
    ] {
        let body = json!({"url": "http://127.0.0.1:1", "credential": credential});
        let (status, said) = operator.post_v1("/services/discover", &body).await;

        assert_eq!(status, StatusCode::BAD_REQUEST, "{said}");
        assert_eq!(said["reason"], reason, "{said}");
        assert!(!said.to_string().contains("s3cret"), "{said}");
    }
}
