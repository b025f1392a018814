//! Services that fail in every way: nothing is lost, nothing is submitted twice, and the caller is told.

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    federation::{Federation, KINDS, run_for, system_logs},
    support::{RunForm, TestGateway, TestService, eventually::eventually},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_after_the_upload_loses_nothing() {
    let federation = Federation::start(json!({})).await;
    federation.set("reset_after_upload", "true");

    let runs = federation.submit_everywhere().await;

    federation.all_end(&runs, "COMPLETE").await;
    federation.each_took(1);
    let log = federation.amina.run_log(&runs[0]).await;
    assert!(system_logs(&log).contains("did not confirm the run"), "{log}");
    assert!(system_logs(&log).contains("was found at"), "{log}");
    federation.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_time_out_as_a_page_after_the_upload_loses_nothing() {
    let federation = Federation::start(json!({})).await;
    federation.set("create_then_fail_with", "504");
    federation.set("html_errors", "true");

    let runs = federation.submit_everywhere().await;

    federation.all_end(&runs, "COMPLETE").await;
    federation.each_took(1);
    let log = federation.amina.run_log(&runs[0]).await;
    assert!(!system_logs(&log).contains('<'), "{log}");
    federation.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_thinks_too_long_after_the_upload_loses_nothing() {
    let settings = json!({"client": {"submit_timeout": "700ms"}});
    let federation = Federation::start(settings).await;
    federation.set("answer_delay_ms", "60000");

    let runs = federation.submit_everywhere().await;

    federation.all_end(&runs, "COMPLETE").await;
    federation.each_took(1);
    federation.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_its_service_lost_ends_as_a_system_error() {
    let federation = Federation::start(json!({})).await;
    federation.lose_runs();

    let runs = federation.submit_everywhere().await;

    federation.all_end(&runs, "SYSTEM_ERROR").await;
    federation.each_took(0);
    for (kind, run_id) in KINDS.iter().zip(&runs) {
        let log = federation.amina.run_log(run_id).await;
        assert!(system_logs(&log).contains("no longer knows it"), "{kind}: {log}");
        let (_, decision) = federation.amina.get_v1(&format!("/runs/{run_id}/decision")).await;
        let id_there = decision["backend_run_id"].as_str().expect("the service told one");
        assert!(!log.to_string().contains(id_there), "{kind}: {log}");
        assert_eq!(log["run_log"]["exit_code"], 1, "{kind}");
    }
    federation.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_that_never_arrived_ends_as_a_system_error() {
    let federation = Federation::start(json!({})).await;
    federation.set("fail_submit_with", "502");
    federation.set("html_errors", "true");

    let runs = federation.submit_everywhere().await;

    federation.all_end(&runs, "SYSTEM_ERROR").await;
    federation.each_took(0);
    for (kind, run_id) in KINDS.iter().zip(&runs) {
        let log = federation.amina.run_log(run_id).await;
        assert!(system_logs(&log).contains("does not know it"), "{kind}: {log}");
    }
    federation.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_before_the_upload_makes_no_run() {
    let federation = Federation::start(json!({})).await;
    federation.set("fail_submit_with", "503");
    federation.set("html_errors", "true");

    for kind in KINDS {
        let (status, body) = federation.amina.try_submit(run_for(kind)).await;

        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{kind}: {body}");
        assert_eq!(body["reason"], "no_service_available", "{kind}: {body}");
        assert_eq!(body["run_exists"], false, "{kind}: {body}");
        let why = body["services"][kind].as_str().unwrap_or_default();
        assert!(why.contains("unavailable") && !why.contains('<'), "{kind}: {body}");
    }

    nothing_is_listed(&federation).await;
    federation.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_passed_on_in_the_words_of_the_service() {
    let federation = Federation::start(json!({})).await;
    federation.set("fail_submit_with", "400");

    for kind in KINDS {
        let (status, body) = federation.amina.try_submit(run_for(kind)).await;

        assert_eq!((status.as_u16(), &body["reason"]), (400, &json!("refused_by_service")));
        assert_eq!(body["run_exists"], false, "{kind}: {body}");
        let msg = body["msg"].as_str().unwrap_or_default();
        assert!(msg.contains(kind) && msg.contains("refused the run: "), "{kind}: {body}");
    }

    nothing_is_listed(&federation).await;
    federation.gateway.stop().await;
}

async fn nothing_is_listed(federation: &Federation) {
    let (_, list) = federation.amina.get("/runs").await;
    assert_eq!(list["runs"], json!([]));
    federation.each_took(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_hangs_is_not_waited_for_without_end() {
    let settings = json!({
        "client": {"answer_timeout": "1s", "submit_timeout": "1s"},
        "health": {"interval": "10m"},
    });
    let federation = Federation::start(settings).await;
    federation.set("hang", "true");

    for kind in KINDS {
        let (status, body) = federation.amina.try_submit(run_for(kind)).await;

        // A plain WES server is asked nothing before the submission, so that may have arrived.
        let expected = if kind == "wes" { 200 } else { 503 };
        assert_eq!(status.as_u16(), expected, "{kind}: {body}");
    }
    let (_, list) = federation.amina.get("/runs").await;
    let run_id = list["runs"][0]["run_id"].as_str().expect("one run is listed").to_owned();
    assert_eq!(federation.amina.state(&run_id).await, "INITIALIZING");
    federation.set("hang", "false");

    assert_eq!(federation.amina.ended(&run_id).await, "SYSTEM_ERROR");
    federation.each_took(0);
    federation.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_no_state_of_a_run() {
    let federation = Federation::start(json!({})).await;
    federation.set("run_ms", "1500");
    let runs = federation.submit_everywhere().await;
    for run_id in &runs {
        federation.amina.reaches(run_id, "RUNNING").await;
    }

    federation.set("fail_reads_with", "503");
    federation.set("html_errors", "true");
    for (kind, run_id) in KINDS.iter().zip(&runs) {
        eventually("the log says that nobody could be asked", || async {
            let log = federation.amina.run_log(run_id).await;
            let said = system_logs(&log).contains("the state is the last known");
            if said { Ok(()) } else { Err(log) }
        })
        .await;
        assert_eq!(federation.amina.state(run_id).await, "RUNNING", "{kind}");
    }
    federation.set("fail_reads_with", "null");

    federation.all_end(&runs, "COMPLETE").await;
    federation.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_token_is_no_state_of_a_run() {
    let za = TestService::start("za", "cloudgene3", "ZA", &[("run_ms", "1500")]).await;
    let gateway = TestGateway::start(&[&za]).await;
    let amina = gateway.client("amina");
    let form = || RunForm::imputation().file("chr20.vcf.gz", "genotypes");
    let run_id = amina.submit(form()).await;
    amina.reaches(&run_id, "RUNNING").await;

    za.set("token_state", "expired");
    eventually("the log tells of the credential", || async {
        let logs = system_logs(&amina.run_log(&run_id).await);
        if logs.contains("did not accept the credential") { Ok(()) } else { Err(logs) }
    })
    .await;
    assert_eq!(amina.state(&run_id).await, "RUNNING");
    let (status, body) = amina.try_submit(form()).await;
    assert_eq!((status.as_u16(), &body["run_exists"]), (503, &json!(false)), "{body}");
    za.set("token_state", "valid");

    assert_eq!(amina.ended(&run_id).await, "COMPLETE");
    assert_eq!(za.submissions().len(), 1);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_dies_takes_no_state_with_it() {
    let ml = TestService::start("ml", "wes", "ML", &[("run_ms", "600000")]).await;
    let gateway = TestGateway::start(&[&ml]).await;
    let amina = gateway.client("amina");
    let run_id = amina.submit(RunForm::cwl()).await;
    amina.reaches(&run_id, "RUNNING").await;

    ml.simulator.stopped().await;

    eventually("the log says that nobody could be asked", || async {
        let logs = system_logs(&amina.run_log(&run_id).await);
        if logs.contains("the state is the last known") { Ok(()) } else { Err(logs) }
    })
    .await;
    assert_eq!(amina.state(&run_id).await, "RUNNING");
    // That would read as a run without tasks.
    let (status, body) = amina.get(&format!("/runs/{run_id}/tasks")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    assert_eq!(body["reason"], "service_unavailable");
    assert_eq!(amina.cancel(&run_id).await, StatusCode::OK);
    assert_eq!(amina.state(&run_id).await, "CANCELING");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_outlive_the_gateway() {
    let mut federation = Federation::start(json!({})).await;
    federation.set("run_ms", "1500");
    let runs = federation.submit_everywhere().await;

    federation.gateway = federation.gateway.restart().await;
    federation.amina = federation.gateway.client("amina");

    federation.all_end(&runs, "COMPLETE").await;
    federation.each_took(1);
    let (_, list) = federation.amina.get("/runs").await;
    let listed = list["runs"].as_array().expect("runs are a list").iter();
    let mut listed: Vec<_> = listed.filter_map(|run| run["run_id"].as_str()).collect();
    listed.sort_unstable();
    let mut expected: Vec<_> = runs.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    federation.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_still_looked_for_after_a_restart() {
    let mut federation = Federation::start(json!({"health": {"interval": "10m"}})).await;
    federation.set("reset_after_upload", "true");
    federation.set("answer_delay_ms", "300");
    let submit = futures_util::future::join_all(KINDS.map(|kind| {
        let (amina, federation) = (&federation.amina, &federation);
        async move {
            let run = amina.submit(run_for(kind));
            // The run is made, the answer is under way: from here on nothing can be read.
            let blind = async {
                eventually("the upload arrived", || async {
                    let took = federation.service(kind).submissions().len();
                    if took == 1 { Ok(()) } else { Err(took) }
                })
                .await;
                federation.service(kind).set("fail_reads_with", "503");
            };
            futures_util::future::join(run, blind).await.0
        }
    }));
    let runs = submit.await;
    for run_id in &runs {
        assert_eq!(federation.amina.state(run_id).await, "INITIALIZING");
    }

    federation.gateway = federation.gateway.restart().await;
    federation.amina = federation.gateway.client("amina");
    federation.set("fail_reads_with", "null");

    federation.all_end(&runs, "COMPLETE").await;
    federation.each_took(1);
    federation.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_submissions_at_once_are_sent_away() {
    let ml = TestService::start("ml", "wes", "ML", &[("answer_delay_ms", "1500")]).await;
    let settings = json!({
        "gateway": {"max_submissions": 1},
        "limits": {"submissions": {"wait": "100ms"}},
    });
    let gateway = TestGateway::start_with(&[&ml], settings).await;
    let amina = gateway.client("amina");

    let both = futures_util::future::join_all([RunForm::cwl(), RunForm::cwl()].map(|form| {
        let amina = &amina;
        async move { amina.try_submit(form).await }
    }));
    let mut both: Vec<(StatusCode, Value)> = both.await;
    both.sort_by_key(|(status, _)| *status);

    assert_eq!(both[0].0, StatusCode::OK, "{both:?}");
    let (status, body) = &both[1];
    assert_eq!(*status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
    assert_eq!(
        (&body["reason"], &body["run_exists"]),
        (&json!("too_many_submissions"), &json!(false))
    );
    assert_eq!(ml.submissions().len(), 1);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_found_again_in_the_dialects_that_keep_tags() {
    for dialect in ["spec", "wes-service", "toil", "sapporo", "starter-kit", "galaxy"] {
        let knobs = [("dialect", dialect), ("run_ms", "200"), ("reset_after_upload", "true")];
        let node = TestService::start("node", "wes", "ZA", &knobs).await;
        let gateway = TestGateway::start(&[&node]).await;
        let amina = gateway.client("amina");
        let (_, info) = amina.get("/service-info").await;
        let types = info["workflow_type_versions"].as_object().expect("types are an object");
        let (kind, versions) = types.iter().next().expect("there is a type");
        let version = versions["workflow_type_version"][0].as_str().unwrap_or("1");
        let form =
            RunForm::cwl().field("workflow_type", kind).field("workflow_type_version", version);

        let run_id = amina.submit(form).await;
        let state = amina.ended(&run_id).await;

        // Two of them forget tags, so that nobody can tell which of their runs it is.
        let forgets = ["starter-kit", "galaxy"].contains(&dialect);
        let expected = if forgets { "SYSTEM_ERROR" } else { "COMPLETE" };
        assert_eq!((state.as_str(), node.submissions().len()), (expected, 1), "{dialect}");
        let logs = system_logs(&amina.run_log(&run_id).await);
        assert_eq!(logs.contains("It may run there"), forgets, "{dialect}: {logs}");
        gateway.stop().await;
    }
}
