use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{RunForm, TestGateway, TestService, client::WesClient};

async fn read(client: &WesClient) -> (StatusCode, HeaderMap, Value) {
    client.send(Method::GET, "/ga4gh/wes/v1/runs", &[], None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_told_how_they_stand_and_when_to_come_back() {
    let limits = json!({"caller": {"read": "2/1h"}, "institution": {"read": "3/1h"}});
    let gateway = TestGateway::start_with(&[], json!({"limits": limits})).await;
    let (amina, bakary) = (gateway.client("amina"), gateway.client("bakary"));

    let (status, headers, _) = read(&amina).await;
    assert_eq!(status, StatusCode::OK);
    let policy = r#""caller-read";q=2;w=3600, "institution-read";q=3;w=3600"#;
    // Her token was not known yet, so that it counted for the address too.
    let all = format!(r#""address-unknown";q=6000;w=60, {policy}"#);
    assert_eq!(headers["ratelimit-policy"], all.as_str());

    let (status, headers, _) = read(&amina).await;
    assert_eq!((status, &headers["ratelimit-policy"]), (StatusCode::OK, &policy.parse().unwrap()));
    assert_eq!(headers["ratelimit"], r#""caller-read";r=0;t=3600, "institution-read";r=1;t=2400"#);

    // Her own limit is used up, and costs her institution nothing more.
    let (status, headers, body) = read(&amina).await;
    assert_eq!((status, &body["reason"]), (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limited")));
    let wait: u64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1790..=1800).contains(&wait), "{wait}");
    assert_eq!(headers["ratelimit-policy"], r#""caller-read";q=2;w=3600"#);

    // A colleague has what is left of the institution's, and others all of theirs.
    assert_eq!(read(&bakary).await.0, StatusCode::OK);
    let (status, headers, body) = read(&bakary).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{body}");
    assert!(body["msg"].as_str().unwrap().contains("institution-read"), "{body}");
    assert!(headers["ratelimit"].to_str().unwrap().contains(r#""institution-read";r=0;t="#));
    assert_eq!(read(&gateway.client_of("chipo", "Elsewhere")).await.0, StatusCode::OK);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_submitting_and_changing_are_limited_apart() {
    let service = TestService::start("ml", "wes", "ML", &[]).await;
    let limits = json!({"caller": {"read": "4/1h", "submit": "1/1h", "admin": "9/1h"}});
    let gateway = TestGateway::start_with(&[&service], json!({"limits": limits})).await;
    let amina = gateway.operator();

    amina.submit(RunForm::cwl()).await;
    let (status, body) = amina.try_submit(RunForm::cwl()).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{body}");
    assert_eq!((&body["reason"], &body["run_exists"]), (&json!("rate_limited"), &json!(false)));
    assert_eq!(service.submissions().len(), 1);

    // A page of three hundred costs three; a look at a server costs all that there is.
    assert_eq!(amina.get("/runs?page_size=300").await.0, StatusCode::OK);
    assert_eq!(amina.get("/runs?page_size=300").await.0, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(amina.get("/runs").await.0, StatusCode::OK);
    let test = "/services/ml/test-connection";
    assert_ne!(amina.post_v1(test, &json!({})).await.0, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(amina.post_v1(test, &json!({})).await.0, StatusCode::TOO_MANY_REQUESTS);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_got_its_submissions_is_passed_over() {
    let one = TestService::start("one", "wes", "ML", &[]).await;
    let two = TestService::start("two", "wes", "ML", &[]).await.with("weight", 0);
    let limits = json!({"service": {"submit": "2/1h"}});
    let gateway = TestGateway::start_with(&[&one, &two], json!({"limits": limits})).await;
    let amina = gateway.client("amina");

    for _ in 0..4 {
        amina.submit(RunForm::cwl()).await;
    }
    let (status, body) = amina.try_submit(RunForm::cwl()).await;

    assert_eq!((one.submissions().len(), two.submissions().len()), (2, 2));
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    let why = body["services"]["one"].as_str().unwrap();
    assert!(why.contains("no more submissions"), "{body}");
    gateway.stop().await;
}
