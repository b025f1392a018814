//! The scorecard of every kind, before it takes part and after.

use http::StatusCode;
use serde_json::{Value, json};

use super::{allowed, check};
use crate::support::{RunForm, TestGateway, TestService};

/// What the scorecard of a service that takes part says.
async fn card_of(gateway: &TestGateway, id: &str) -> Value {
    let path = format!("/services/{id}/test-connection");
    let (status, card) = gateway.operator().post_v1(&path, &json!({})).await;
    assert_eq!(status, StatusCode::OK, "{card}");
    card
}

/// A simulator, its dialect, and how some of its checks end.
type Card = (&'static str, Option<&'static str>, [(&'static str, &'static str); 4]);

const CARDS: [Card; 9] = [
    (
        "cloudgene3",
        None,
        [("authenticated", "pass"), ("list", "pass"), ("submit", "pass"), ("cancel", "pass")],
    ),
    (
        "cloudgene2",
        None,
        [("authenticated", "pass"), ("list", "pass"), ("submit", "pass"), ("cancel", "pass")],
    ),
    (
        "dnastack",
        None,
        [("authenticated", "pass"), ("list", "pass"), ("submit", "unknown"), ("cancel", "pass")],
    ),
    (
        "wes",
        Some("spec"),
        [("authenticated", "warn"), ("list", "pass"), ("submit", "pass"), ("cancel", "pass")],
    ),
    (
        "wes",
        Some("galaxy"),
        [("service_info", "pass"), ("list", "pass"), ("submit", "pass"), ("cancel", "pass")],
    ),
    (
        "wes",
        Some("sapporo"),
        [("service_info", "warn"), ("list", "pass"), ("submit", "pass"), ("cancel", "pass")],
    ),
    (
        "wes",
        Some("starter-kit"),
        [("paging", "warn"), ("list", "pass"), ("submit", "pass"), ("cancel", "warn")],
    ),
    (
        "wes",
        Some("wes-service"),
        [("service_info", "warn"), ("list", "warn"), ("submit", "unknown"), ("cancel", "unknown")],
    ),
    (
        "wes",
        Some("toil"),
        [("service_info", "warn"), ("list", "warn"), ("submit", "unknown"), ("cancel", "unknown")],
    ),
];

#[tokio::test]
async fn every_kind_has_a_scorecard_and_no_run_comes_of_it() {
    for (simulator, dialect, expected) in CARDS {
        let knobs: Vec<_> = dialect.iter().map(|dialect| ("dialect", *dialect)).collect();
        let service = TestService::start("x", simulator, "ZA", &knobs).await;
        let gateway = TestGateway::start_with(&[&service], allowed()).await;

        let card = card_of(&gateway, "x").await;

        for (name, verdict) in expected {
            assert_eq!(check(&card, name).0, verdict, "{simulator} {knobs:?} {name}: {card:#}");
        }
        for name in ["reachable", "latency", "clock"] {
            assert_eq!(check(&card, name).0, "pass", "{card:#}");
        }
        assert_eq!(check(&card, "tls").0, "warn", "{card:#}");
        assert_eq!(card["verdict"], "warn", "{card:#}");
        assert!(service.submissions().is_empty(), "{card:#}");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_refused_credential_is_told_and_nothing_else_is_guessed() {
    let gateway = TestGateway::start_with(&[], allowed()).await;
    for (simulator, kind, knobs, settings) in [
        ("cloudgene3", "michigan", &[][..], json!({})),
        ("wes", "wes", &[("auth", "bearer")][..], json!({})),
        (
            "dnastack",
            "dnastack",
            &[][..],
            json!({"namespace": "5d1f7b0c-8f6e-4f0a-9c55-2f9a6f0b7c11"}),
        ),
    ] {
        let service = TestService::start("x", simulator, "ZA", knobs).await;
        let url = service.simulator.url();
        let credential = json!({"type": "bearer", "token": "not-the-one"});

        // A proposal's jurisdiction is null, and a test does not need one.
        let document = json!({"id": "x", "kind": kind, "url": url, "jurisdiction": null,
            "settings": settings, "credential": credential});
        let operator = gateway.operator();
        let (status, card) = operator.post_v1("/services/test-connection", &document).await;

        assert_eq!(status, StatusCode::OK, "{card}");
        assert_eq!(check(&card, "authenticated").0, "fail", "{simulator}: {card:#}");
        assert_eq!(check(&card, "submit").0, "unknown", "{simulator}: {card:#}");
        assert_eq!(card["verdict"], "fail");
        assert!(!card.to_string().contains("not-the-one"));
    }
}

#[tokio::test]
async fn runs_that_are_there_tell_of_pages_and_logs() {
    for (dialect, paging, logs) in
        [("spec", "pass", "pass"), ("wes-service", "warn", "pass"), ("toil", "warn", "pass")]
    {
        let service = TestService::start("x", "wes", "ZA", &[("dialect", dialect)]).await;
        let gateway = TestGateway::start_with(&[&service], allowed()).await;
        let amina = gateway.client("amina");
        for _ in 0..2 {
            amina.submit(RunForm::cwl()).await;
        }

        let card = card_of(&gateway, "x").await;

        assert_eq!(check(&card, "paging").0, paging, "{dialect}: {card:#}");
        assert_eq!(check(&card, "logs").0, logs, "{dialect}: {card:#}");
        assert_eq!(service.submissions().len(), 2);
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_is_no_scorecard() {
    let gateway = TestGateway::start_with(&[], allowed()).await;
    let operator = gateway.operator();

    for id in ["nobody", "No%20Id"] {
        let path = format!("/services/{id}/test-connection");
        let (status, said) = operator.post_v1(&path, &json!({})).await;
        assert_eq!(
            (status, &said["reason"]),
            (StatusCode::NOT_FOUND, &json!("unknown_service_id"))
        );
    }
    let body =
        json!({"id": "x", "kind": "michigan", "url": "http://127.0.0.1:1", "settings": {"ap": 1}});
    let (status, said) = operator.post_v1("/services/test-connection", &body).await;
    assert_eq!(
        (status, &said["reason"]),
        (StatusCode::BAD_REQUEST, &json!("bad_service")),
        "{said}"
    );
}
