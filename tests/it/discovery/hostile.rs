//! Addresses that lead inside, and servers that answer too much, too slowly, or nonsense.

use std::time::{Duration, Instant};

use axum::{
    Router,
    body::{Body, Bytes},
    response::Redirect,
    routing::get,
};
use futures_util::stream;
use http::StatusCode;
use serde_json::{Value, json};

use super::{allowed, discover, serve};
use crate::support::{TestGateway, ports::free_port};

/// What a look at an address is answered with.
async fn refused(gateway: &TestGateway, url: &str) -> [(StatusCode, Value); 2] {
    let operator = gateway.operator();
    let looked = operator.post_v1("/services/discover", &json!({"url": url})).await;
    let document = json!({"id": "x", "kind": "wes", "url": url});
    let tested = operator.post_v1("/services/test-connection", &document).await;
    [looked, tested]
}

#[tokio::test]
async fn addresses_inside_are_refused_with_one_reason() {
    let gateway = TestGateway::start(&[]).await;
    for url in [
        gateway.base_url().as_str(),
        gateway.ops_url().as_str(),
        "http://localhost:8080",
        "http://127.1/",
        "http://2130706433:8080/",
        "http://[::ffff:10.0.0.1]:8080/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://0.0.0.0:8080/",
    ] {
        for (status, said) in refused(&gateway, url).await {
            assert_eq!(status, StatusCode::FORBIDDEN, "{url}: {said}");
            assert_eq!(said["reason"], "address_not_allowed", "{url}: {said}");
        }
    }
    for url in ["file:///etc/passwd", "gopher://example.org", "http://user:pw@example.org"] {
        for (status, said) in refused(&gateway, url).await {
            assert_eq!((status, &said["reason"]), (StatusCode::BAD_REQUEST, &json!("bad_service")));
            assert!(!said.to_string().contains("user:pw"), "{said}");
        }
    }
}

#[tokio::test]
async fn what_is_allowed_stops_at_the_address_of_secrets() {
    let settings = json!({"discovery": {"allow_networks": ["0.0.0.0/0", "::/0"]}});
    let gateway = TestGateway::start_with(&[], settings).await;

    for (status, said) in refused(&gateway, "http://169.254.169.254/").await {
        assert_eq!(status, StatusCode::FORBIDDEN, "{said}");
        assert_eq!(said["reason"], "address_not_allowed");
    }
}

#[tokio::test]
async fn nobody_there_is_told_apart() {
    let gateway = TestGateway::start_with(&[], allowed()).await;

    let [(status, looked), (_, tested)] =
        refused(&gateway, &format!("http://127.0.0.1:{}", free_port())).await;

    assert_eq!(
        (status, &looked["reason"]),
        (StatusCode::BAD_GATEWAY, &json!("address_unreachable"))
    );
    assert_eq!(super::check(&tested, "reachable").0, "fail", "{tested:#}");
    assert_eq!((&tested["verdict"], super::check(&tested, "list").0), (&json!("fail"), "unknown"));
}

#[tokio::test]
async fn a_redirect_inside_is_not_followed() {
    let gateway = TestGateway::start_with(&[], allowed()).await;
    let to = |target: &'static str| {
        move |_: &str| {
            Router::new().fallback(get(move || async move { Redirect::temporary(target) }))
        }
    };
    for target in ["http://10.0.0.1/ga4gh", "http://169.254.169.254/", "http://[::1]:8080/"] {
        let url = serve(to(target)).await;

        let body = json!({"url": url});
        let (status, said) = gateway.operator().post_v1("/services/discover", &body).await;

        assert_eq!(status, StatusCode::FORBIDDEN, "{target}: {said}");
        assert_eq!(said["reason"], "address_not_allowed", "{target}: {said}");
    }
}

#[tokio::test]
async fn hostile_servers_cost_little() {
    let settings = json!({"discovery": {"allow_networks": ["127.0.0.1/32"], "timeout": "4s",
        "answer_timeout": "1s", "max_answer_bytes": 65536}});
    let gateway = TestGateway::start_with(&[], settings).await;
    let endless = || async {
        Body::from_stream(stream::repeat_with(|| {
            Ok::<_, std::io::Error>(Bytes::from(vec![b'['; 8192]))
        }))
    };
    let deep = || async { "[".repeat(60_000) };
    let noise = || async { Bytes::from_static(&[0xff, 0xfe, 0x00, 0x80, b'{']) };
    let circle = || async { Redirect::temporary("/again") };
    let hang = || async { std::future::pending::<()>().await };
    for (name, router) in [
        ("endless", Router::new().fallback(endless)),
        ("deep", Router::new().fallback(deep)),
        ("noise", Router::new().fallback(noise)),
        ("circle", Router::new().fallback(circle)),
        ("first answer only", Router::new().route("/", get(|| async { "" })).fallback(hang)),
    ] {
        let url = serve(|_| router).await;
        let began = Instant::now();

        let found = discover(&gateway, &url, json!({"type": "bearer", "token": "x"})).await;

        assert_eq!(found["proposals"], json!([]), "{name}: {found:#}");
        assert!(began.elapsed() < Duration::from_secs(6), "{name}: {:?}", began.elapsed());
        let card = json!({"id": "x", "kind": "wes", "url": url});
        let (status, card) = gateway.operator().post_v1("/services/test-connection", &card).await;
        assert_eq!(
            (status, &card["verdict"]),
            (StatusCode::OK, &json!("fail")),
            "{name}: {card:#}"
        );
        assert!(began.elapsed() < Duration::from_secs(12), "{name}: {:?}", began.elapsed());
    }
}
