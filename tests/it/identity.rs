//! A real OpenID Connect server in front of whose tokens the gateway stands: `oidc-provider`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestGateway, client::WesClient, eventually::eventually, real::OidcProvider};

#[tokio::test]
async fn tokens_of_a_real_issuer_are_believed_and_their_claims_mapped() {
    let issuer = OidcProvider::start("http://127.0.0.1:1/unused").await;
    let gateway = TestGateway::start_with(&[], trusting(&issuer)).await;

    let machine = WesClient::new(&gateway.base_url(), Some(issuer.machine_token().await));

    let (status, runs) = machine.get("/runs").await;
    assert_eq!(status, StatusCode::OK, "{runs}");
    let (status, nodes) = machine.get_v1("/nodes").await;
    assert_eq!(status, StatusCode::OK, "the group is mapped to operator: {nodes}");
    let body = json!({"name": "n", "scopes": ["read"], "roles": ["data_steward"]});
    let (status, refused) = machine.post_v1("/keys", &body).await;
    assert_eq!((status, &refused["reason"]), (StatusCode::FORBIDDEN, &json!("beyond_own_rights")));
}

#[tokio::test]
async fn a_real_issuer_rotates_its_keys() {
    let mut issuer = OidcProvider::start("http://127.0.0.1:1/unused").await;
    let gateway = TestGateway::start_with(&[], trusting(&issuer)).await;
    let old = WesClient::new(&gateway.base_url(), Some(issuer.machine_token().await));
    assert_eq!(old.get("/runs").await.0, StatusCode::OK);

    issuer.rotate().await;

    let new = WesClient::new(&gateway.base_url(), Some(issuer.machine_token().await));
    eventually("the new key is known and the old one is not", || async {
        let (old, new) = (old.get("/runs").await, new.get("/runs").await);
        let is_done = new.0 == StatusCode::OK && old.1["reason"] == "unknown_key";
        if is_done { Ok(()) } else { Err((old, new)) }
    })
    .await;
}

#[tokio::test]
async fn the_keys_of_a_real_issuer_outlive_its_absence() {
    let mut issuer = OidcProvider::start("http://127.0.0.1:1/unused").await;
    let gateway = TestGateway::start_with(&[], trusting(&issuer)).await;
    let token = issuer.machine_token().await;
    let machine = WesClient::new(&gateway.base_url(), Some(token.clone()));
    assert_eq!(machine.get("/runs").await.0, StatusCode::OK);
    issuer.pause();

    let gateway = gateway.restart().await;

    let machine = WesClient::new(&gateway.base_url(), Some(token.clone()));
    let (status, runs) = machine.get("/runs").await;
    assert_eq!(status, StatusCode::OK, "{runs}");
    std::fs::remove_dir_all(gateway.data_dir().join("keys")).expect("the keys were kept there");
    let gateway = gateway.restart().await;
    let machine = WesClient::new(&gateway.base_url(), Some(token));
    let (status, refused) = machine.get("/runs").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{refused}");
    assert_eq!(refused["reason"], "issuer_unavailable");
}

/// Settings that trust an issuer as its institution would describe it.
fn trusting(issuer: &OidcProvider) -> Value {
    json!({"auth": {
        "key_refresh": "1s",
        "issuers": [{
            "issuer": issuer.issuer(),
            "audiences": ["ga4gh-gateway"],
            "discovery": true,
            "algorithms": ["ES256"],
            "token_types": ["at+jwt"],
            "roles_claim": "groups",
            "role_values": {"wes-admins": ["operator"]},
            "institution_claim": "org",
            "institution_values": {"uct.ac.za": "University of Cape Town"},
        }],
    }})
}
