use http::{Method, StatusCode};
use serde_json::json;

use crate::support::{TestGateway, client::WesClient};

async fn status(client: &WesClient, headers: &[(&str, &str)]) -> StatusCode {
    client.send(Method::GET, "/ga4gh/wes/v1/runs", headers, None).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_tokens_is_limited_and_keeps_out_nobody_who_is_known() {
    let limits = json!({"address": {"refused": "5/1h", "login": "2/1h"}});
    let gateway = TestGateway::start_with(&[], json!({"limits": limits})).await;
    let amina = gateway.client("amina");
    assert_eq!(status(&amina, &[]).await, StatusCode::OK);

    // Given somebody at the same address who guesses.
    for number in 0..5 {
        let guess = WesClient::new(&gateway.base_url(), Some(format!("guess-{number}")));
        assert_eq!(status(&guess, &[]).await, StatusCode::UNAUTHORIZED);
    }
    let guess = WesClient::new(&gateway.base_url(), Some("guess".to_owned()));
    let (refused, headers, body) = guess.send(Method::GET, "/api/v1/panels", &[], None).await;

    // Then further guesses are not even looked at, also if one were right.
    assert_eq!((refused, &body["reason"]), (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited")));
    assert_eq!(headers["ratelimit-policy"], r#""address-refused";q=5;w=3600"#);
    assert!(headers.contains_key("retry-after"));
    assert_eq!(status(&gateway.client("bakary"), &[]).await, StatusCode::TOO_MANY_REQUESTS);
    // And those are served who were known before, who show nothing, or who log in; health is told.
    assert_eq!(status(&amina, &[]).await, StatusCode::OK);
    let stranger = gateway.stranger();
    assert_eq!(stranger.get("/service-info").await.0, StatusCode::OK);
    let registry = "/ga4gh/registry/v1/services";
    assert_eq!(stranger.send(Method::GET, registry, &[], None).await.0, StatusCode::OK);
    let (joined, _) = stranger.post_v1("/nodes/register", &json!({})).await;
    assert_ne!(joined, StatusCode::TOO_MANY_REQUESTS);
    let ops = WesClient::new(&gateway.ops_url(), None);
    assert_eq!(ops.send(Method::GET, "/readyz", &[], None).await.0, StatusCode::OK);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_use_up_their_own_address_and_neither_health_nor_login() {
    let limits = json!({
        "address": {"unknown": "3/1h", "login": "2/1h"},
        "trusted_proxies": ["127.0.0.0/8"],
    });
    let gateway = TestGateway::start_with(&[], json!({"limits": limits})).await;
    let amina = gateway.client("amina");
    let at = |address| [("x-forwarded-for", address)];
    assert_eq!(status(&amina, &at("192.0.2.1")).await, StatusCode::OK);
    let stranger = gateway.stranger();

    for expected in [401, 401, 429] {
        assert_eq!(status(&stranger, &at("192.0.2.1")).await, expected);
    }

    // Others, and those who are known, go on.
    assert_eq!(status(&stranger, &at("192.0.2.2")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&amina, &at("192.0.2.1")).await, StatusCode::OK);
    // Health and login are not touched, and what one uses up of login is one's own.
    for _ in 0..20 {
        assert_eq!(stranger.get("/service-info").await.0, StatusCode::OK);
    }
    let join = async |address| {
        let path = "/api/v1/nodes/register";
        stranger.send(Method::POST, path, &at(address), Some(&json!({}))).await.0
    };
    assert_ne!(join("192.0.2.1").await, StatusCode::TOO_MANY_REQUESTS);
    assert_ne!(join("192.0.2.1").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(join("192.0.2.1").await, StatusCode::TOO_MANY_REQUESTS);
    assert_ne!(join("192.0.2.3").await, StatusCode::TOO_MANY_REQUESTS);
    // A whole IPv6 network counts as one.
    for (address, expected) in
        [("2001:db8::1", 401), ("2001:db8::2", 401), ("2001:db8::3", 401), ("2001:db8::4", 429)]
    {
        assert_eq!(status(&stranger, &at(address)).await, expected, "{address}");
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_escapes_by_naming_another_address() {
    let limits = json!({"address": {"unknown": "2/1h"}});
    let gateway = TestGateway::start_with(&[], json!({"limits": limits})).await;
    let stranger = gateway.stranger();

    for (address, expected) in [("192.0.2.1", 401), ("192.0.2.2", 401), ("192.0.2.3", 429)] {
        assert_eq!(status(&stranger, &[("x-forwarded-for", address)]).await, expected);
    }
    gateway.stop().await;
}
