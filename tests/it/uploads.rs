//! Uploads that break off, or break a rule after they have begun to stream on.

use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    RunForm, TestGateway, TestService,
    client::WesClient,
    eventually::eventually,
    raw::{END, FORM, Raw, field, file},
};

/// Far more than is staged in these tests, and than sockets hold.
const BIG: usize = 12 * 1024 * 1024;

async fn start(knobs: &[(&str, &str)]) -> (TestService, TestGateway, WesClient) {
    let za = TestService::start("za", "cloudgene3", "ZA", knobs).await;
    let settings = json!({"gateway": {"stage_bytes": 1024, "spool_bytes": 100_000}});
    let gateway = TestGateway::start_with(&[&za], settings).await;
    let amina = gateway.client("amina");
    (za, gateway, amina)
}

fn fields() -> String {
    let params = json!({"panel": "h3africa-v6hc-s", "build": "hg38", "population": "afr"});
    field("workflow_params", &params.to_string())
        + &field("workflow_type", "IMPUTATION")
        + &field("workflow_type_version", "1")
        + &field("workflow_url", "imputation://auto")
}

async fn nothing_is_left(za: &TestService, amina: &WesClient) {
    eventually("nothing is listed", || async {
        let (_, list) = amina.get("/runs").await;
        if list["runs"] == json!([]) { Ok(()) } else { Err(list) }
    })
    .await;
    assert_eq!(za.submissions(), []);
}

fn check(answer: &(StatusCode, Value), reason: &str) {
    let (status, body) = answer;
    assert_eq!((*status, &body["reason"]), (StatusCode::BAD_REQUEST, &json!(reason)), "{body}");
    assert_eq!(body["run_exists"], false, "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_ends_too_early_is_told_so() {
    let (za, gateway, amina) = start(&[]).await;

    for length in [10, BIG] {
        let body = fields() + &file("chr20.vcf.gz", &"x".repeat(length));
        let mut raw = Raw::submit(&gateway, "amina", body.len() + 1000, "").await;
        raw.send(&body).await;
        raw.stop_sending().await;
        let (status, _, answer) = raw.answer().await;
        check(&(status, answer), "upload_incomplete");

        let answer = amina.post("/runs", FORM, body).await;
        check(&answer, "upload_incomplete");
    }

    nothing_is_left(&za, &amina).await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_mid_upload_leaves_nothing_behind() {
    let (za, gateway, amina) = start(&[]).await;
    let body = fields() + &file("chr20.vcf.gz", &"x".repeat(100_000));

    let mut small = Raw::submit(&gateway, "amina", BIG, "").await;
    small.send(&fields()).await;
    drop(small);
    let mut streaming = Raw::submit(&gateway, "amina", BIG, "Idempotency-Key: again\r\n").await;
    streaming.send(&body).await;
    eventually("the run is under way", || async {
        let (_, list) = amina.get("/runs").await;
        if list["runs"].as_array().is_some_and(|runs| runs.len() == 1) { Ok(()) } else { Err(list) }
    })
    .await;
    drop(streaming);

    nothing_is_left(&za, &amina).await;
    let again = RunForm::imputation().file("chr20.vcf.gz", "genotypes").idempotency_key("again");
    amina.submit(again).await;
    assert_eq!(za.submissions().len(), 1);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_even_after_streaming_has_begun() {
    let (za, gateway, amina) = start(&[]).await;
    let begin = fields() + &file("chr20.vcf.gz", &"x".repeat(BIG));

    for (rest, reason) in [
        (field("tags", "{}"), "late_field"),
        (field("workflow_type", "IMPUTATION"), "late_field"),
        (file("notes.txt", "x"), "not_a_vcf"),
        (file("../chr21.vcf.gz", "x"), "bad_file_name"),
        (file("chr20.vcf.gz", "x"), "duplicate_file"),
        ("--b\r\nno header\r\n\r\nx\r\n".to_owned(), "bad_multipart"),
        ("--b\r\nContent-Disposition: form-data; name=\"x".to_owned(), "upload_incomplete"),
    ] {
        let answer = amina.post("/runs", FORM, begin.clone() + &rest + END).await;
        check(&answer, reason);
    }

    nothing_is_left(&za, &amina).await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_before_fields_are_kept_aside_up_to_a_limit() {
    let (za, gateway, amina) = start(&[]).await;
    let files = |bytes: usize| file("chr20.vcf.gz", &"x".repeat(bytes));

    let (status, answer) = amina.post("/runs", FORM, files(90_000) + &fields() + END).await;
    let refused = amina.post("/runs", FORM, files(120_000) + &fields() + END).await;

    assert_eq!(status, StatusCode::OK, "{answer}");
    check(&refused, "fields_after_files");
    let submissions = za.submissions();
    assert_eq!(submissions.len(), 1);
    assert_eq!(submissions[0].bytes, 90_000);
    let (_, list) = amina.get("/runs").await;
    assert_eq!(list["runs"].as_array().map(Vec::len), Some(1), "{list}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_takes_less_than_is_sent_is_quoted() {
    let (za, gateway, amina) = start(&[("upload_limit_bytes", "100000")]).await;

    let form = RunForm::imputation().file("chr20.vcf.gz", "x".repeat(BIG));
    let (status, body) = amina.try_submit(form).await;

    assert_eq!((status.as_u16(), &body["run_exists"]), (413, &json!(false)), "{body}");
    assert_eq!(body["reason"], "too_large_for_service");
    nothing_is_left(&za, &amina).await;
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_limit_of_the_gateway_is_refused() {
    let za = TestService::start("za", "cloudgene3", "ZA", &[]).await;
    let settings = json!({"server": {"max_body_bytes": 50_000}, "gateway": {"stage_bytes": 1024}});
    let gateway = TestGateway::start_with(&[&za], settings).await;
    let amina = gateway.client("amina");

    let form = RunForm::imputation().file("chr20.vcf.gz", "x".repeat(60_000));
    let (status, body) = amina.try_submit(form).await;

    assert_eq!((status.as_u16(), &body["reason"]), (413, &json!("body_too_large")), "{body}");
    nothing_is_left(&za, &amina).await;
    gateway.stop().await;
}
