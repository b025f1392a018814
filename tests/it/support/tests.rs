//! The support proves itself: every recipe works without a gateway in between.
//!
//! Each of these costs seconds, so there is one per recipe.

use serde_json::json;
use sqlx::{Connection, PgConnection};

use super::{
    eventually::{eventually, eventually_within},
    http,
    postgres::Postgres,
    program::{FINISH, finish},
    real::{self, RealServer, clients},
    redis::{self, Redis},
};

#[tokio::test]
async fn the_reference_server_runs_an_echo_for_the_reference_client() {
    let server = RealServer::wes_server().await;
    let (workflow, params) = (path("echo.cwl"), path("echo.json"));

    let said =
        clients::wes_client(&server.origin(), None, &["--no-wait", &workflow, &params]).await;

    complete(&server, said.trim()).await;
}

#[tokio::test]
async fn toil_runs_an_echo_for_its_own_client() {
    let server = RealServer::toil().await;

    let ran = clients::toil_wes_cwl_runner(&server.origin(), None, "echo.cwl", "echo.json").await;

    assert!(ran.status.success(), "{ran:?}");
    assert!(String::from_utf8_lossy(&ran.stdout).contains("said.txt"), "{ran:?}");
}

#[tokio::test]
async fn sapporo_runs_an_echo_through_the_stand_in_for_docker() {
    let server = RealServer::sapporo().await;

    let run = http::post(
        &server.url("/runs"),
        &json!({
            "workflow_type": "CWL",
            "workflow_type_version": "v1.2",
            "workflow_engine": "cwltool",
            "workflow_url": path("echo.cwl"),
            "workflow_params": {"message": "hello"},
        }),
    )
    .await
    .expect("sapporo takes JSON");

    complete(&server, run["run_id"].as_str().expect("a run has an id")).await;
}

#[tokio::test]
async fn the_dnastack_library_runs_an_echo_on_a_real_server() {
    let server = RealServer::wes_server().await;

    let report =
        clients::dnastack_library(&server.url("/"), &[&path("echo.cwl"), &path("echo.json")]).await;

    assert_eq!(report["state"], "COMPLETE", "{report}");
    assert!(report["service_info"]["supported_wes_versions"].is_array(), "{report}");
}

#[tokio::test]
async fn postgres_answers_until_it_is_dropped() {
    let server = Postgres::start().await;
    let url = server.url();
    let mut connection = PgConnection::connect(&url).await.expect("it answers");
    let one: i32 =
        sqlx::query_scalar("SELECT 1").fetch_one(&mut connection).await.expect("it runs");

    drop(server);

    assert_eq!(one, 1);
    assert!(PgConnection::connect(&url).await.is_err());
}

#[tokio::test]
async fn redis_answers_until_it_is_dropped() {
    let server = Redis::start().await;
    let port = server.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    redis::ping(port).await.expect("it answers");

    drop(server);

    assert!(redis::ping(port).await.is_err());
}

#[tokio::test]
async fn a_client_that_fails_keeps_its_status_and_words() {
    let mut client = std::process::Command::new("sh");
    client.args(["-c", "echo sorry; exit 7"]);

    let output = finish(&client).await;

    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(7), &b"sorry\n"[..]));
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the run is complete: not within 30s; last seen: \"RUNNING\"")]
async fn patience_ends_with_the_last_value_seen() {
    eventually("the run is complete", || async { Err::<(), _>("RUNNING") }).await;
}

async fn complete(server: &RealServer, run_id: &str) {
    let url = server.url(&format!("/runs/{run_id}/status"));
    eventually_within(FINISH, "the run is complete", || async {
        let status = http::get(&url).await?;
        if status["state"] == "COMPLETE" { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
}

fn path(name: &str) -> String {
    real::file(name).to_string_lossy().into_owned()
}
