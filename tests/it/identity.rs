//! A real OpenID Connect server in front of whose tokens the gateway stands: `oidc-provider`.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{
    TestGateway, browser::Browser, client::WesClient, eventually::eventually, ports::free_port,
    real::OidcProvider,
};

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

#[tokio::test]
async fn somebody_logs_in_with_a_browser_and_out_again() {
    let (issuer, gateway) = with_login().await;
    let mut browser = Browser::default();
    let base = gateway.base_url();

    let landed = browser.log_in(&base, "amina", "/api/v1/session").await;

    assert_eq!(landed, "/api/v1/session");
    let (status, session) = browser.call(Method::GET, &format!("{base}{landed}"), &[]).await;
    assert_eq!(status, StatusCode::OK, "{session}");
    let session: Value = serde_json::from_str(&session).unwrap();
    assert_eq!(session["caller_id"], format!("{}#amina", issuer.issuer()));
    assert_eq!(session["institution"], "University of Cape Town");
    assert_eq!(session["roles"], json!(["operator"]));
    let (token, logout) =
        (session["csrf_token"].as_str().unwrap(), format!("{base}/api/v1/logout"));
    for forged in [vec![], vec![("x-csrf-token", "0".repeat(64))]] {
        let (status, refused) = browser.call(Method::POST, &logout, &forged).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(refused.contains("csrf_token_required"), "{refused}");
    }
    let elsewhere = [("sec-fetch-site", "cross-site".to_owned())];
    let (status, _) = browser.call(Method::GET, &format!("{base}{landed}"), &elsewhere).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "another site's page has no session");

    let stolen = browser.clone();
    let (status, _) =
        browser.call(Method::POST, &logout, &[("x-csrf-token", token.to_owned())]).await;

    assert_eq!(status, StatusCode::NO_CONTENT);
    for mut browser in [browser, stolen] {
        let (status, _) = browser.call(Method::GET, &format!("{base}{landed}"), &[]).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_login_ends_only_in_the_browser_that_began_it() {
    let (_issuer, gateway) = with_login().await;
    let base = gateway.base_url();
    let (mut attacker, mut victim) = (Browser::default(), Browser::default());

    let back = attacker.log_in_until_back(&base, "mallory", "//evil.example").await;
    let (other_status, other) = victim.call(Method::GET, &back, &[]).await;
    let begun = format!("{base}/api/v1/login?return_to=/x");
    victim.call(Method::GET, &begun, &[]).await;
    let (mixed_status, mixed) = victim.call(Method::GET, &back, &[]).await;
    let landed = attacker.follow(&back).await;
    let (again, _) = attacker.call(Method::GET, &back, &[]).await;

    for (status, body) in [(other_status, other), (mixed_status, mixed)] {
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(body.contains("login_not_begun"), "{body}");
    }
    assert_eq!(landed, "/", "nobody is sent to another site");
    assert_eq!(again, StatusCode::BAD_REQUEST, "what was kept of a login ends with it");
}

/// A real issuer at which people log in, and a gateway to which they do.
async fn with_login() -> (OidcProvider, TestGateway) {
    let port = free_port();
    let base = format!("http://127.0.0.1:{port}");
    let issuer = OidcProvider::start(&format!("{base}/api/v1/login/callback")).await;
    let secret = tempfile::NamedTempFile::new().expect("temporary files can be made");
    std::fs::write(secret.path(), "not-much-of-a-secret").expect("the file can be written");
    let mut settings = trusting(&issuer);
    settings["auth"]["issuers"][0]["login"] = json!({
        "client_id": "console", "client_secret": format!("file:{}", secret.path().display()),
    });
    settings["server"] = json!({"listen": format!("127.0.0.1:{port}")});
    settings["api"] = json!({"public_url": base});
    let gateway = TestGateway::start_with(&[], settings).await;
    (issuer, gateway)
}
