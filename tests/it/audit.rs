//! The audit trail, as a data steward reads it and an institution verifies it.

use std::{process::Command, sync::Arc, time::Duration};

use ga4gh_gateway::{
    auth::DevelopmentIssuer,
    domain::{Role, SystemClock},
};
use http::Method;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use crate::support::{
    RunForm, TestGateway, TestService,
    client::WesClient,
    program::{finish, succeed},
};

const AUDIT: &str = "/api/v1/audit";

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_with_data_is_proven_offline() {
    let [za, us] = [
        TestService::start("in-za", "wes", "ZA", &[]).await,
        TestService::start("in-us", "wes", "US", &[]).await,
    ];
    let gateway = TestGateway::start(&[&za, &us]).await;
    let (amina, operator) = (gateway.client("amina"), gateway.operator());
    let tags = json!({"origin": "ZA", "study": "malaria"});
    let run_id = amina.submit(RunForm::cwl().tags(&tags)).await;
    amina.ended(&run_id).await;
    let log = format!("{}/runs/{run_id}/logs/stdout", amina.wes());
    assert!(amina.download(&log, None).await.0.is_success());
    let (_, refused) = amina.try_submit(RunForm::cwl().tags(&json!({"origin": "KE"}))).await;
    assert_eq!(refused["reason"], "forbidden_by_policy");

    let of_study = entries(&operator, "?study=malaria").await;
    let acts: Vec<_> = of_study.iter().map(|entry| entry["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["run.decided", "run.submitted", "file.opened"]);
    let [decided, submitted, opened] = of_study.as_slice() else { panic!("{of_study:?}") };
    assert_eq!(decided["rule"], "the data may stay only in ZA");
    assert_eq!(decided["policy_epoch"], 0);
    assert_eq!((&decided["run_id"], &decided["origin"]), (&json!(run_id), &json!("ZA")));
    assert_eq!(
        (&submitted["service"], &submitted["jurisdiction"], &submitted["credential"]),
        (&json!("in-za"), &json!("ZA"), &json!("none"))
    );
    assert!(opened["caller"].as_str().unwrap().ends_with("#amina"), "{opened}");
    let forbidden = entries(&operator, "?act=run.decided").await.pop().unwrap();
    assert_eq!(forbidden["outcome"], "forbidden");

    // The whole trail, and that of one study, are verified without the gateway.
    let (_, head) = operator.get_v1("/audit/head").await;
    let head = format!("{}:{}", head["sequence"], head["hash"].as_str().unwrap());
    let whole = export(&operator, "").await;
    let folder = tempfile::tempdir().expect("temporary folders can be made");
    let file = folder.path().join("audit.jsonl");
    std::fs::write(&file, &whole).expect("it is written");
    let verify = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ga4gh-gateway"));
        command.args(["audit", "verify"]).arg(&file).args(arguments);
        command
    };
    let said = succeed(&verify(&["--head", &head])).await;
    assert!(said.contains("one chain from the first entry on"), "{said}");
    gateway.stop().await;
    std::fs::write(&file, whole.replace("in-za", "in-us")).expect("it is written");
    let changed = finish(&verify(&[])).await;
    assert!(!changed.status.success());
    assert!(String::from_utf8_lossy(&changed.stderr).contains("was changed"), "{changed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_told_before_and_after() {
    let service = TestService::start("new", "wes", "ZA", &[]).await;
    let gateway = TestGateway::start(&[]).await;
    let (amina, operator) = (gateway.client("amina"), gateway.operator());
    let document = json!({
        "id": "new", "kind": "wes", "url": service.simulator.url(), "jurisdiction": "ZA",
        "credential": {"type": "bearer", "token": "s3cret-of-new"},
    });
    for client in [&amina, &operator] {
        client.send(Method::POST, "/api/v1/services", &[], Some(&document)).await;
    }

    let told = entries(&operator, "").await;

    let changes: Vec<_> = told
        .iter()
        .map(|entry| (entry["act"].as_str().unwrap(), entry["status"].as_u64()))
        .collect();
    let expected = [
        ("gateway.started", None),
        ("change.asked", None),
        ("change.done", Some(403)),
        ("change.asked", None),
        ("change.done", Some(201)),
    ];
    assert_eq!(changes, expected);
    assert_eq!(told[4]["route"], "/api/v1/services");
    assert!(!export(&operator, "").await.contains("s3cret-of-new"));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_do_not_fill_the_trail() {
    let gateway = TestGateway::start(&[]).await;
    let operator = gateway.operator();
    for token in [None, Some("no-token-of-ours".to_owned())] {
        let stranger = WesClient::new(&gateway.base_url(), token);
        let (status, _, body) =
            stranger.send(Method::POST, "/api/v1/services", &[], Some(&json!({}))).await;
        assert_eq!(status.as_u16(), 401, "{body}");
    }

    let told = entries(&operator, "").await;

    let acts: Vec<_> = told.iter().map(|entry| entry["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["gateway.started"]);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_steward_reads_what_the_own_institution_did() {
    let service = TestService::start("seen", "wes", "ZA", &[]).await;
    let gateway = TestGateway::start(&[&service]).await;
    gateway.client("amina").submit(RunForm::cwl()).await;
    let issuer = DevelopmentIssuer::open(gateway.data_dir(), Arc::new(SystemClock)).unwrap();
    let as_steward = |institution: Option<&str>| {
        let hour = Duration::from_secs(3600);
        let token = issuer.mint("steward", institution, &[Role::DataSteward], hour);
        WesClient::new(&gateway.base_url(), Some(token))
    };

    let own = as_steward(Some("Test University"));
    let told = entries(&own, "").await;
    assert!(!told.is_empty());
    assert!(told.iter().all(|entry| entry["institution"] == "Test University"), "{told:?}");
    assert!(entries(&as_steward(Some("Elsewhere")), "").await.is_empty());
    for (client, query, reason) in [
        (own, "?institution=Elsewhere", "institution_required"),
        (as_steward(None), "", "institution_required"),
        (gateway.client("amina"), "", "role_required"),
    ] {
        for path in [format!("{AUDIT}{query}"), format!("{AUDIT}/export{query}")] {
            let (status, _, body) = client.send(Method::GET, &path, &[], None).await;
            assert_eq!((status.as_u16(), body["reason"].as_str()), (403, Some(reason)), "{path}");
        }
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_permitted_that_cannot_be_written_down() {
    let service = TestService::start("seen", "wes", "ZA", &[]).await;
    let gateway = TestGateway::start(&[&service]).await;
    let (amina, operator) = (gateway.client("amina"), gateway.operator());
    let run_id = amina.submit(RunForm::cwl()).await;
    amina.ended(&run_id).await;
    let submitted = service.simulator.submissions.all().len();
    let mut database = SqliteConnectOptions::new()
        .filename(gateway.data_dir().join("gateway.sqlite"))
        .connect()
        .await
        .expect("it opens");
    let rename =
        |from: &str, to: &str| sqlx::AssertSqlSafe(format!("ALTER TABLE {from} RENAME TO {to}"));
    sqlx::query(rename("audit", "lost")).execute(&mut database).await.expect("it is renamed");

    let (status, refused) = amina.try_submit(RunForm::cwl()).await;
    assert_eq!((status.as_u16(), &refused["reason"]), (503, &json!("audit_unavailable")));
    assert_eq!(refused["run_exists"], json!(false));
    let log = format!("{}/runs/{run_id}/logs/stdout", amina.wes());
    assert_eq!(amina.download(&log, None).await.0.as_u16(), 503);
    let mode = json!({"mode": "draining"});
    let path = "/api/v1/services/seen/mode";
    let (status, _, body) = operator.send(Method::PUT, path, &[], Some(&mode)).await;
    assert_eq!((status.as_u16(), &body["reason"]), (503, &json!("audit_unavailable")));
    let (_, _, body) = operator.send(Method::GET, "/api/v1/services/seen", &[], None).await;
    assert_eq!(body["mode"], "active");

    sqlx::query(rename("lost", "audit")).execute(&mut database).await.expect("it is renamed");
    database.close().await.expect("it closes");
    assert_eq!(service.simulator.submissions.all().len(), submitted, "no service heard of it");
    amina.submit(RunForm::cwl()).await;
    gateway.stop().await;
}

async fn entries(client: &WesClient, query: &str) -> Vec<Value> {
    let (status, _, body) = client.send(Method::GET, &format!("{AUDIT}{query}"), &[], None).await;
    assert!(status.is_success(), "{status}: {body}");
    let lines = body["entries"].as_array().expect("it is a list").iter();
    lines.map(|line| line["entry"].clone()).collect()
}

async fn export(client: &WesClient, query: &str) -> String {
    let base = client.wes().replace("/ga4gh/wes/v1", "");
    let (status, _, bytes) = client.download(&format!("{base}{AUDIT}/export{query}"), None).await;
    assert!(status.is_success(), "{status}");
    String::from_utf8(bytes.to_vec()).expect("it is text")
}
