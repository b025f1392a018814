//! Submissions that are sent again under the same `Idempotency-Key`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{RunForm, TestGateway, TestService, client::WesClient};

async fn start(knobs: &[(&str, &str)]) -> (TestService, TestGateway, WesClient) {
    let ml = TestService::start("ml", "wes", "ML", knobs).await;
    let gateway =
        TestGateway::start_with(&[&ml], json!({"gateway": {"stage_bytes": 64 * 1024}})).await;
    let amina = gateway.client("amina");
    (ml, gateway, amina)
}

fn keyed(file: &str) -> RunForm {
    RunForm::cwl().file("reads.txt", file.to_owned()).idempotency_key("cohort-7")
}

fn check((status, body): &(StatusCode, Value), expected: u16, reason: &str) {
    assert_eq!((status.as_u16(), &body["reason"]), (expected, &json!(reason)), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_is_the_same_run() {
    let (ml, gateway, amina) = start(&[]).await;
    // Small enough to be held in memory, and so large that it streams.
    let big = "ACGT".repeat(512 * 1024);

    for (key, content) in [("small", "ACGT"), ("big", big.as_str())] {
        let form = || RunForm::cwl().file("reads.txt", content.to_owned()).idempotency_key(key);
        let first = amina.submit(form()).await;
        assert_eq!(amina.submit(form()).await, first, "{key}");
        assert_eq!(amina.ended(&first).await, "COMPLETE");
        assert_eq!(amina.submit(form()).await, first, "{key}");
    }
    let other = gateway.client("kofi").submit(keyed("ACGT").idempotency_key("small")).await;

    assert_eq!(ml.submissions().len(), 3);
    assert_eq!(amina.get(&format!("/runs/{other}")).await.0, StatusCode::NOT_FOUND);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_outlives_the_gateway() {
    let (ml, gateway, amina) = start(&[]).await;
    let first = amina.submit(keyed("ACGT")).await;

    let gateway = gateway.restart().await;

    assert_eq!(gateway.client("amina").submit(keyed("ACGT")).await, first);
    assert_eq!(ml.submissions().len(), 1);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_request_under_the_same_key_is_refused() {
    let (ml, gateway, amina) = start(&[]).await;
    let big = "ACGT".repeat(512 * 1024);
    amina.submit(keyed(&big)).await;

    for form in [
        keyed("ACGT"),
        keyed(&big.replace("CG", "GC")),
        keyed(&format!("{big}A")),
        keyed(&big).file("more.txt", "ACGT"),
        keyed(&big).tags(&json!({"name": "other"})),
        keyed(&big).field("workflow_url", "https://example.org/other.cwl"),
    ] {
        check(&amina.try_submit(form).await, 422, "idempotency_key_reused");
    }

    assert_eq!(ml.submissions().len(), 1);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_is_submitted() {
    let (ml, gateway, amina) = start(&[("answer_delay_ms", "500")]).await;
    let big = "ACGT".repeat(512 * 1024);

    for (key, content) in [("small", "ACGT"), ("big", big.as_str())] {
        let form = || RunForm::cwl().file("reads.txt", content.to_owned()).idempotency_key(key);
        let answers =
            futures_util::future::join_all((0..8).map(|_| amina.try_submit(form()))).await;

        let taken: Vec<_> = answers.iter().filter(|(status, _)| status.is_success()).collect();
        assert_eq!(taken.len(), 1, "{key}: {answers:?}");
        for answer in answers.iter().filter(|(status, _)| !status.is_success()) {
            check(answer, 409, "idempotency_key_busy");
        }
        assert_eq!(amina.submit(form()).await, taken[0].1["run_id"], "{key}");
    }

    assert_eq!(ml.submissions().len(), 2);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refusal_the_key_is_free() {
    let (ml, gateway, amina) = start(&[]).await;
    check(&amina.try_submit(keyed("A").without("workflow_type")).await, 400, "missing_field");
    ml.set("submissions_refused", "true");
    check(&amina.try_submit(keyed("A")).await, 400, "refused_by_service");
    ml.set("submissions_refused", "false");
    ml.set("fail_submit_with", "503");
    check(&amina.try_submit(keyed("B")).await, 503, "no_service_available");
    ml.set("fail_submit_with", "null");

    let run_id = amina.submit(keyed("C")).await;

    assert_eq!(amina.submit(keyed("C")).await, run_id);
    check(&amina.try_submit(keyed("A")).await, 422, "idempotency_key_reused");
    assert_eq!(ml.submissions().len(), 1);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_answer_the_key_leads_to_the_run() {
    let (ml, gateway, amina) = start(&[("reset_after_upload", "true")]).await;
    let first = amina.submit(keyed("ACGT")).await;

    assert_eq!(amina.submit(keyed("ACGT")).await, first);

    assert_eq!(amina.ended(&first).await, "COMPLETE");
    assert_eq!(ml.submissions().len(), 1);
    gateway.stop().await;
}
