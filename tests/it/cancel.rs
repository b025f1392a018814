//! Canceling: waiting runs, running ones, ended ones, and services that do not care.

use ga4gh_gateway::{
    backend::client::{Client, Config},
    domain::Credential,
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    federation::{Federation, KINDS, system_logs},
    support::{RunForm, TestGateway, TestService},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_run_is_canceled_at_every_kind_of_service() {
    let federation = Federation::start(json!({})).await;
    federation.set("queue_ms", "600000");
    let runs = federation.submit_everywhere().await;

    cancel_all(&federation, &runs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_run_is_canceled_at_every_kind_of_service() {
    let federation = Federation::start(json!({})).await;
    // Some validate for a part of that time, and are not yet running then.
    federation.set("run_ms", "20000");
    let runs = federation.submit_everywhere().await;
    for run_id in &runs {
        federation.amina.reaches(run_id, "RUNNING").await;
    }

    cancel_all(&federation, &runs).await;
}

async fn cancel_all(federation: &Federation, runs: &[String]) {
    for (kind, run_id) in KINDS.iter().zip(runs) {
        assert_eq!(federation.amina.cancel(run_id).await, StatusCode::OK, "{kind}");
        // Twice is as good as once.
        assert_eq!(federation.amina.cancel(run_id).await, StatusCode::OK, "{kind}");
        let state = federation.amina.state(run_id).await;
        assert!(["CANCELING", "CANCELED"].contains(&state.as_str()), "{kind}: {state}");
    }
    federation.all_end(runs, "CANCELED").await;
    for (kind, run_id) in KINDS.iter().zip(runs) {
        let log = federation.amina.run_log(run_id).await;
        assert_eq!(log["run_log"]["exit_code"], 130, "{kind}: {log}");
        assert_eq!(log["state"], "CANCELED", "{kind}");
    }
    federation.each_took(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_run_stays_as_it_ended_and_its_service_is_not_asked() {
    let knobs = [("queue_ms", "0"), ("run_ms", "100")];
    let za = TestService::start("za", "cloudgene3", "ZA", &knobs).await;
    let galaxy = [("dialect", "galaxy"), ("run_ms", "100"), ("queue_ms", "0")];
    let galaxy = TestService::start("galaxy", "wes", "ZA", &galaxy).await;
    let gateway = TestGateway::start(&[&za, &galaxy]).await;
    let amina = gateway.client("amina");
    let imputation = amina.submit(RunForm::imputation().file("chr20.vcf.gz", "genotypes")).await;
    let (_, info) = amina.get("/service-info").await;
    let types = info["workflow_type_versions"].as_object().expect("types are an object");
    let (kind, versions) =
        types.iter().find(|(kind, _)| *kind != "IMPUTATION").expect("galaxy has a type");
    let version = versions["workflow_type_version"][0].as_str().unwrap_or("1");
    let form = RunForm::cwl().field("workflow_type", kind).field("workflow_type_version", version);
    let workflow = amina.submit(form).await;

    for run_id in [&imputation, &workflow] {
        assert_eq!(amina.ended(run_id).await, "COMPLETE");
        assert_eq!(amina.cancel(run_id).await, StatusCode::OK);
        assert_eq!(amina.state(run_id).await, "COMPLETE");
        let logs = system_logs(&amina.run_log(run_id).await);
        assert!(!logs.contains("cancel"), "{logs}");
    }

    // Both services would have turned a complete run into a canceled one.
    let id = &za.submissions()[0].id;
    let job = ask(&za, &format!("api/v2/jobs/{id}")).await;
    assert_eq!(job["state"], 4, "{job}");
    let id = &galaxy.submissions()[0].id;
    let status = ask(&galaxy, &format!("ga4gh/wes/v1/runs/{id}/status")).await;
    assert_eq!(status["state"], "COMPLETE", "{status}");
    gateway.stop().await;
}

/// Asks a service itself.
async fn ask(service: &TestService, path: &str) -> Value {
    let client = Client::try_new(Config::default()).expect("the machine trusts somebody");
    let token = Credential::Header {
        name: "X-Auth-Token".to_owned(),
        value: "sim-token".to_owned().into(),
    };
    let url = service.simulator.url().join(path).expect("it is a path");
    let answer = client.get(&token, &url).await.expect("the service answers");
    answer.json().await.expect("it answers in JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_ignores_the_wish_completes_the_run() {
    let knobs = [("dialect", "wes-service"), ("run_ms", "1500")];
    let node = TestService::start("node", "wes", "ZA", &knobs).await;
    let gateway = TestGateway::start(&[&node]).await;
    let amina = gateway.client("amina");
    let run_id = amina.submit(RunForm::cwl()).await;

    assert_eq!(amina.cancel(&run_id).await, StatusCode::OK);

    assert_eq!(amina.state(&run_id).await, "CANCELING");
    assert_eq!(amina.ended(&run_id).await, "COMPLETE");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_that_did_not_get_through_is_passed_on_later() {
    let node = TestService::start("node", "wes", "ZA", &[("run_ms", "600000")]).await;
    let gateway = TestGateway::start(&[&node]).await;
    let amina = gateway.client("amina");
    let run_id = amina.submit(RunForm::cwl()).await;
    amina.reaches(&run_id, "RUNNING").await;
    node.set("maintenance", "true");

    assert_eq!(amina.cancel(&run_id).await, StatusCode::OK);

    assert_eq!(amina.state(&run_id).await, "CANCELING");
    let logs = system_logs(&amina.run_log(&run_id).await);
    assert!(logs.contains("did not take the wish to cancel"), "{logs}");
    node.set("maintenance", "false");
    assert_eq!(amina.ended(&run_id).await, "CANCELED");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_being_looked_for_can_be_canceled() {
    let node = TestService::start("node", "wes", "ZA", &[("run_ms", "600000")]).await;
    let gateway = TestGateway::start(&[&node]).await;
    let amina = gateway.client("amina");
    node.set("reset_after_upload", "true");
    node.set("fail_reads_with", "503");
    let run_id = amina.submit(RunForm::cwl()).await;

    assert_eq!(amina.cancel(&run_id).await, StatusCode::OK);
    node.set("fail_reads_with", "null");

    assert_eq!(amina.ended(&run_id).await, "CANCELED");
    assert_eq!(node.submissions().len(), 1);
    gateway.stop().await;
}
