//! Tokens: the good one, and the many bad ones.

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use serde_json::{Value, json};

use super::{Door, ISSUER, NOW, Signer, claims, claims_with, encode};
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
        ("no nbf", claims_with("nbf", Value::Null)),
        ("a fraction of a second", claims_with("exp", json!(NOW as f64 + 60.5))),
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
async fn hostile_claims_are_refused() {
    let door = Door::new();
    for (expected, claim, value) in [
        (Error::TokenExpired, "exp", json!(NOW - 30)),
        (Error::TokenExpired, "exp", json!(0)),
        (Error::TokenExpired, "exp", json!(-1e300)),
        (Error::MissingClaim, "exp", Value::Null),
        (Error::MalformedToken, "exp", json!("2100-01-01")),
        (Error::TokenNotYetValid, "nbf", json!(NOW + 31)),
        (Error::MalformedToken, "nbf", json!(true)),
        (Error::MissingClaim, "aud", Value::Null),
        (Error::WrongAudience, "aud", json!("elsewhere")),
        (Error::WrongAudience, "aud", json!("Gateway")),
        (Error::WrongAudience, "aud", json!([])),
        (Error::WrongAudience, "aud", json!([["gateway"]])),
        (Error::WrongAudience, "aud", json!({ "gateway": true })),
        (Error::MissingClaim, "iss", Value::Null),
        (Error::UnknownIssuer, "iss", json!("https://issuer.example/")),
        (Error::UnknownIssuer, "iss", json!("https://evil.example")),
        (Error::MalformedToken, "iss", json!([ISSUER])),
        (Error::MissingClaim, "sub", Value::Null),
        (Error::MissingClaim, "sub", json!("")),
        (Error::MalformedToken, "sub", json!(42)),
        (Error::MalformedToken, "sub", json!("a\nb")),
        (Error::MalformedToken, "sub", json!("x".repeat(256))),
    ] {
        let token = door.signer.token(&claims_with(claim, value.clone()));

        let refused = door.bearer(&token).await.unwrap_err();

        assert_eq!(refused.reason(), expected.reason(), "{claim} {value}");
    }
}

#[tokio::test]
async fn hostile_headers_are_refused() {
    let door = Door::new();
    let stranger = Signer::new("first");
    let with = |name: &str, value: Value| {
        let mut header = door.signer.header();
        header[name] = value;
        header
    };
    for (expected, signer, header) in [
        (Error::AlgorithmNotAllowed, &door.signer, with("alg", json!("none"))),
        (Error::AlgorithmNotAllowed, &door.signer, with("alg", json!("NONE"))),
        (Error::AlgorithmNotAllowed, &door.signer, with("alg", json!("HS256"))),
        (Error::AlgorithmNotAllowed, &door.signer, with("alg", json!("ES384"))),
        (Error::AlgorithmNotAllowed, &door.signer, with("alg", json!("es256"))),
        (Error::UnknownKey, &door.signer, with("alg", json!("RS256"))),
        (Error::UnknownKey, &door.signer, with("kid", json!("second"))),
        (Error::UnknownKey, &door.signer, with("kid", json!("../../etc/passwd"))),
        (Error::MalformedToken, &door.signer, with("kid", json!(1))),
        (Error::MalformedToken, &door.signer, with("crit", json!(["exp"]))),
        (Error::MalformedToken, &door.signer, with("typ", json!("dpop+jwt"))),
        (Error::MalformedToken, &door.signer, with("alg", Value::Null)),
        (Error::BadSignature, &stranger, stranger.header()),
        (Error::BadSignature, &stranger, with("jwk", stranger.jwk())),
        (Error::BadSignature, &stranger, with("jku", json!("https://evil.example/keys"))),
    ] {
        let refused = door.bearer(&signer.sign(&header, &claims())).await.unwrap_err();

        assert_eq!(refused, expected, "{header}");
    }
}

#[tokio::test]
async fn broken_tokens_are_refused() {
    let door = Door::new();
    let token = door.signer.token(&claims());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let admin = claims_with("roles", json!(["operator"]));
    let none = encode(r#"{"alg":"none"}"#);
    for (expected, token) in [
        (Error::MissingCredential, String::new()),
        (Error::MalformedToken, "opaque".to_owned()),
        (Error::MalformedToken, "..".to_owned()),
        (Error::MalformedToken, signed.to_owned()),
        (Error::MalformedToken, format!("{token}.{signature}")),
        (Error::MalformedToken, format!("{token}=")),
        (Error::MalformedToken, format!("{header}.{}.{signature}", encode("[]"))),
        (Error::MalformedToken, format!("{}.{payload}.{signature}", encode("7"))),
        (Error::MalformedToken, door.signer.sign_text("{}", &claims().to_string())),
        (Error::AlgorithmNotAllowed, format!("{none}.{payload}.")),
        (Error::BadSignature, format!("{signed}.")),
        (Error::BadSignature, format!("{signed}.{}", encode([0; 64]))),
        (Error::BadSignature, format!("{header}.{}.{signature}", encode(admin.to_string()))),
        (Error::TokenTooLong, format!("{signed}.{}", "A".repeat(8192))),
    ] {
        assert_eq!(door.bearer(&token).await.unwrap_err(), expected, "{token:.200}");
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
