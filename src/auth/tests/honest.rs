//! Good tokens, in all their variety, and how long they are good.

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use serde_json::{Value, json};

use super::{Door, ISSUER, NOW, claims, claims_with};
use crate::{
    auth::Error,
    domain::{CallerId, Role},
};

#[tokio::test]
async fn a_good_token_names_its_caller() {
    let door = Door::new();

    let caller = door.bearer(&door.signer.token(&claims())).await.unwrap();

    assert_eq!(caller.id, CallerId::new(ISSUER, "amina"));
    assert_eq!(caller.institution.as_deref(), Some("Ilifu"));
    assert_eq!(caller.roles, BTreeSet::from([Role::DataSteward]));
}

#[tokio::test]
async fn a_token_is_taken_from_three_headers() {
    let door = Door::new();
    let token = door.signer.token(&claims());
    for (name, value) in [
        ("authorization", format!("Bearer {token}")),
        ("authorization", format!("Basic {}", STANDARD.encode(format!("anyone:{token}")))),
        ("x-api-key", token.clone()),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());

        assert!(door.authenticator.authenticate(&headers).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn honest_variations_are_believed() {
    let door = Door::new();
    for (why, claims) in [
        ("one of our names", claims_with("aud", json!(["elsewhere", "other-name"]))),
        ("expired within the leeway", claims_with("exp", json!(NOW - 29))),
        ("starts within the leeway", claims_with("nbf", json!(NOW + 30))),
        ("no client", claims_with("client_id", Value::Null)),
        ("no iat", claims_with("iat", Value::Null)),
        ("no nbf", claims_with("nbf", Value::Null)),
        ("a fraction of a second", claims_with("exp", json!(NOW as f64 + 60.5))),
        ("issued a moment from now", claims_with("iat", json!(NOW + 30))),
        ("an older Keycloak", claims_with("typ", json!("Bearer"))),
        ("odd roles", claims_with("roles", json!(7))),
    ] {
        assert!(door.bearer(&door.signer.token(&claims)).await.is_ok(), "{why}");
    }
    for typ in ["JWT", "at+jwt", "application/at+jwt"] {
        let header = json!({ "alg": "ES256", "typ": typ });
        assert!(door.bearer(&door.signer.sign(&header, &claims())).await.is_ok(), "{typ}");
    }
}

#[tokio::test]
async fn a_kept_token_expires_on_time() {
    let door = Door::new();
    let token = door.signer.token(&claims_with("exp", json!(NOW + 20)));
    door.bearer(&token).await.unwrap();

    door.clock.advance(Duration::from_secs(49));
    let within_leeway = door.bearer(&token).await;
    door.clock.advance(Duration::from_secs(1));
    let after = door.bearer(&token).await;

    assert!(within_leeway.is_ok());
    assert_eq!(after.unwrap_err(), Error::TokenExpired);
}

#[tokio::test]
async fn a_refused_token_is_looked_at_anew() {
    let door = Door::new();
    let token = door.signer.token(&claims_with("nbf", json!(NOW + 60)));
    assert_eq!(door.bearer(&token).await.unwrap_err(), Error::TokenNotYetValid);

    door.clock.advance(Duration::from_secs(30));

    assert!(door.bearer(&token).await.is_ok());
}
