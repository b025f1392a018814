//! What a caller reads about a run: theirs only, in the gateway's own words and addresses.

use std::{
    io::{self, Cursor, Read, Write},
    sync::Mutex,
};

use bytes::Bytes;
use ga4gh_gateway::domain::Credential;
use http::{StatusCode, header};
use serde_json::{Value, json};

use crate::{
    federation::{Federation, KINDS, run_for},
    support::{RunForm, TestGateway, TestService, client::WesClient},
};

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_run_is_not_there() {
    let federation = Federation::start(json!({})).await;
    let runs = federation.submit_everywhere().await;
    federation.all_end(&runs, "COMPLETE").await;
    let kofi = federation.gateway.client("kofi");
    let unknown = "0198f2d0-0000-7000-8000-000000000000".to_owned();

    for run_id in runs.iter().chain([&unknown, &"%00".to_owned(), &"%ff".to_owned()]) {
        for path in ["", "/status", "/tasks", "/tasks/0", "/logs/stdout", "/outputs/result.bin"] {
            let (status, body) = kofi.get(&format!("/runs/{run_id}{path}")).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{run_id}{path}: {body}");
        }
        assert_eq!(kofi.cancel(run_id).await, StatusCode::NOT_FOUND);
        let (status, _) = kofi.get_v1(&format!("/runs/{run_id}/decision")).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let url = format!("{}/runs/{run_id}/outputs/result.bin", kofi.wes());
        assert_eq!(kofi.head(&url).await.0, StatusCode::NOT_FOUND);
    }
    let (_, list) = kofi.get("/runs").await;
    assert_eq!(list["runs"], json!([]));
    let (status, body) = federation.gateway.stranger().get("/runs").await;
    assert_eq!((status, &body["status_code"]), (StatusCode::UNAUTHORIZED, &json!(401)), "{body}");
    federation.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_show_through_nowhere() {
    let federation = Federation::start(json!({})).await;
    let runs = federation.submit_everywhere().await;
    federation.all_end(&runs, "COMPLETE").await;

    for (kind, run_id) in KINDS.iter().zip(&runs) {
        let service = federation.service(kind);
        no_trace(&federation.amina, service, run_id, &service.submissions()[0].id).await;
    }
    federation.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_dialect_of_wes_shows_through() {
    for dialect in ["spec", "wes-service", "toil", "sapporo", "starter-kit", "galaxy"] {
        let knobs = [("dialect", dialect), ("run_ms", "200")];
        let service = TestService::start("node", "wes", "ZA", &knobs).await;
        let gateway = TestGateway::start(&[&service]).await;
        let amina = gateway.client("amina");
        let (_, info) = amina.get("/service-info").await;
        let types = info["workflow_type_versions"].as_object().expect("types are an object");
        let (workflow_type, versions) = types.iter().next().expect("there is a type");
        let version = versions["workflow_type_version"][0].as_str().unwrap_or("1");
        let form = RunForm::cwl()
            .field("workflow_type", workflow_type)
            .field("workflow_type_version", version);

        let run_id = amina.submit(form).await;

        assert_eq!(amina.ended(&run_id).await, "COMPLETE", "{dialect}");
        no_trace(&amina, &service, &run_id, &service.submissions()[0].id).await;
        gateway.stop().await;
    }
}

/// Neither the address of the service nor its id of the run stands in any answer.
async fn no_trace(amina: &WesClient, service: &TestService, run_id: &str, id_there: &str) {
    let kind = &service.config["kind"];
    let host = service.simulator.address.to_string();
    let mut paths: Vec<String> =
        ["/status", "", "/tasks"].map(|path| format!("/runs/{run_id}{path}")).into();
    let log = amina.run_log(run_id).await;
    for task in log["task_logs"].as_array().expect("tasks are a list") {
        let id = task["id"].as_str().expect("a task has an id");
        paths.push(format!("/runs/{run_id}/tasks/{id}"));
    }
    paths.extend(["/runs".to_owned(), "/service-info".to_owned()]);
    for path in paths {
        let (status, body) = amina.get(&path).await;
        assert_eq!(status, StatusCode::OK, "{kind} {path}: {body}");
        assert!(!body.to_string().contains(&host), "{kind} {path}: {body}");
        let mut rest = body.clone();
        if let Some(outputs) = rest.get_mut("outputs").and_then(Value::as_object_mut) {
            // What lies in a bucket or at another service keeps its name there.
            outputs.retain(|_, output| !is_elsewhere(output));
        }
        assert!(!rest.to_string().contains(id_there), "{kind} {path}: {id_there} in {rest}");
    }
    assert!(log["task_logs"].as_array().is_some_and(|tasks| !tasks.is_empty()), "{kind}: {log}");
    let (_, tasks) = amina.get(&format!("/runs/{run_id}/tasks")).await;
    assert_eq!(tasks["task_logs"], log["task_logs"], "{kind}");
}

fn is_elsewhere(output: &Value) -> bool {
    let text = output.to_string();
    text.contains("gs://") || text.contains("drs://")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_is_absolute_and_answers_whole_and_in_part() {
    let federation = Federation::start(json!({})).await;
    let runs = federation.submit_everywhere().await;
    federation.all_end(&runs, "COMPLETE").await;
    let amina = &federation.amina;

    for (kind, run_id) in KINDS.iter().zip(&runs) {
        let log = amina.run_log(run_id).await;
        let mut urls = Vec::new();
        collect_urls(&log["run_log"], &mut urls);
        collect_urls(&log["task_logs"], &mut urls);
        collect_urls(&log["outputs"], &mut urls);
        urls.push(log["task_logs_url"].as_str().expect("it is a text").to_owned());
        let logs = urls.iter().filter(|url| url.contains("/logs/")).count();
        assert!(logs >= 2, "{kind}: {urls:?}");
        for url in urls {
            assert!(url.starts_with(&amina.wes()), "{kind}: {url}");
            let (status, headers, whole) = amina.download(&url, None).await;
            assert_eq!(status, StatusCode::OK, "{kind}: {url}");
            assert_eq!(amina.head(&url).await.0, StatusCode::OK, "{kind}: {url}");
            if whole.len() < 4 || url.ends_with("/tasks") {
                continue;
            }
            assert_eq!(headers[header::ACCEPT_RANGES], "bytes", "{kind}: {url}");
            let (status, headers, some) = amina.download(&url, Some("bytes=1-3")).await;
            assert_eq!((status, &some), (StatusCode::PARTIAL_CONTENT, &whole.slice(1..4)), "{url}");
            let range = format!("bytes 1-3/{}", whole.len());
            assert_eq!(headers[header::CONTENT_RANGE], range.as_str(), "{kind}: {url}");
            let (status, _, end) = amina.download(&url, Some("bytes=-2")).await;
            assert_eq!(status, StatusCode::PARTIAL_CONTENT, "{kind}: {url}");
            assert_eq!(end, whole.slice(whole.len() - 2..), "{kind}: {url}");
            let beyond = format!("bytes={}-", whole.len());
            let (status, _, _) = amina.download(&url, Some(&beyond)).await;
            assert_eq!(status, StatusCode::RANGE_NOT_SATISFIABLE, "{kind}: {url}");
        }
    }
    federation.gateway.stop().await;
}

fn collect_urls(value: &Value, urls: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains("://127.0.0.1") || text.starts_with('/') => {
            urls.push(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect_urls(item, urls)),
        Value::Object(members) => {
            let told = members.iter().filter(|(name, _)| *name != "cmd" && *name != "system_logs");
            told.for_each(|(_, member)| collect_urls(member, urls));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_at_a_file_costs_no_download() {
    for (kind, s3) in [("cloudgene3", "false"), ("cloudgene3", "true"), ("cloudgene2", "false")] {
        let knobs =
            [("downloads_allowed", "1"), ("queue_ms", "0"), ("run_ms", "100"), ("s3_redirect", s3)];
        let za = TestService::start("za", kind, "ZA", &knobs).await;
        let gateway = TestGateway::start(&[&za]).await;
        let amina = gateway.client("amina");
        let run_id = amina.submit(RunForm::imputation().file("chr20.vcf.gz", "genotypes")).await;
        assert_eq!(amina.ended(&run_id).await, "COMPLETE");
        let url = archive_url(&amina.run_log(&run_id).await);

        for _ in 0..3 {
            assert_eq!(amina.head(&url).await.0, StatusCode::OK, "{kind}");
        }
        let (status, _, bytes) = amina.download(&url, None).await;
        let (again, _, told) = amina.download(&url, None).await;

        assert_eq!(status, StatusCode::OK, "{kind}");
        assert!(bytes.starts_with(b"PK"), "{kind}");
        if s3 == "false" {
            assert_eq!(again, StatusCode::GONE, "{kind}: {told:?}");
        }
        gateway.stop().await;
    }
}

fn archive_url(log: &Value) -> String {
    let mut urls = Vec::new();
    collect_urls(&log["outputs"], &mut urls);
    let archive = urls.into_iter().find(|url| url.ends_with(".zip"));
    archive.unwrap_or_else(|| panic!("no archive in {log}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_run_has_an_exit_code_that_fits_its_state() {
    for (kind, outcome, state, code) in [
        ("wes", "complete", "COMPLETE", 0),
        ("wes", "executor_error", "EXECUTOR_ERROR", 1),
        ("wes", "system_error", "SYSTEM_ERROR", 1),
        ("dnastack", "complete", "COMPLETE", 0),
        ("dnastack", "executor_error", "EXECUTOR_ERROR", 1),
        ("cloudgene3", "success", "COMPLETE", 0),
        ("cloudgene3", "qc_error", "EXECUTOR_ERROR", 1),
        ("cloudgene3", "validation_error", "EXECUTOR_ERROR", 1),
        ("cloudgene3", "init_failure", "SYSTEM_ERROR", 1),
        ("cloudgene2", "qc_error", "EXECUTOR_ERROR", 1),
    ] {
        let knobs = [("queue_ms", "300"), ("run_ms", "300"), ("outcome", outcome)];
        let service = TestService::start(kind, kind, "ZA", &knobs).await;
        let gateway = TestGateway::start(&[&service]).await;
        let amina = gateway.client("amina");
        let run_id = amina.submit(run_for(kind)).await;
        let early = amina.run_log(&run_id).await;

        assert_eq!(amina.ended(&run_id).await, state, "{kind} {outcome}");

        assert_eq!(early["run_log"]["exit_code"], Value::Null, "{kind} {outcome}: {early}");
        let log = amina.run_log(&run_id).await;
        assert_eq!(log["run_log"]["exit_code"], code, "{kind} {outcome}: {log}");
        assert!(log["run_log"]["end_time"].is_string(), "{kind} {outcome}: {log}");
        for task in log["task_logs"].as_array().expect("tasks are a list") {
            assert!(task["exit_code"].is_i64(), "{kind} {outcome}: {task}");
        }
        gateway.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_taken_in_three_headers() {
    let ml = TestService::start("ml", "wes", "ML", &[]).await;
    let gateway = TestGateway::start(&[&ml]).await;
    let token = gateway.token("amina");
    let run_id = gateway.client("amina").submit(RunForm::cwl()).await;

    for credential in [
        Credential::Bearer(token.clone().into()),
        Credential::Header { name: "X-Api-Key".to_owned(), value: token.clone().into() },
        Credential::Basic { username: "any".to_owned(), password: token.clone().into() },
    ] {
        let client = WesClient::with_credential(&gateway.base_url(), credential);
        client.state(&run_id).await;
        let log = client.run_log(&run_id).await;
        let url = log["run_log"]["stdout"].as_str().expect("it is a text");
        assert_eq!(client.download(url, None).await.0, StatusCode::OK);
    }
    let forged = format!("{}x", token);
    let client = WesClient::with_credential(&gateway.base_url(), Credential::Bearer(forged.into()));
    assert_eq!(client.get("/runs").await.0, StatusCode::UNAUTHORIZED);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_of_an_archive_is_its_owners_alone() {
    write_logs_to_memory();
    for kind in ["cloudgene3", "cloudgene2"] {
        let knobs = [("queue_ms", "300"), ("run_ms", "300"), ("mail", "false")];
        let za = TestService::start("za", kind, "ZA", &knobs).await;
        let gateway = TestGateway::start(&[&za]).await;
        let amina = gateway.client("amina");
        let run_id = amina.submit(RunForm::imputation().file("chr20.vcf.gz", "genotypes")).await;
        let early = amina.run_log(&run_id).await;
        assert_eq!(early["outputs"]["archive_password"], Value::Null, "{early}");

        assert_eq!(amina.ended(&run_id).await, "COMPLETE");

        let log = amina.run_log(&run_id).await;
        let password = log["outputs"]["archive_password"].as_str().expect("it is told").to_owned();
        let (_, _, bytes) = amina.download(&archive_url(&log), None).await;
        assert!(!open(&bytes, &password).is_empty(), "{kind}");
        let (_, list) = amina.get("/runs").await;
        let (_, decision) = amina.get_v1(&format!("/runs/{run_id}/decision")).await;
        let mut others = log.clone();
        others["outputs"]["archive_password"] = Value::Null;
        for told in [list, decision, others] {
            assert!(!told.to_string().contains(&password), "{kind}: {told}");
        }
        let data_dir = gateway.data_dir().to_owned();
        for entry in std::fs::read_dir(&data_dir).expect("the folder is there") {
            let path = entry.expect("the folder can be read").path();
            let bytes = std::fs::read(&path).expect("files can be read");
            let found = bytes.windows(password.len()).any(|part| part == password.as_bytes());
            assert!(!found, "{kind}: {}", path.display());
        }
        let written = String::from_utf8_lossy(&LOGS.lock().expect("no holder panics")).into_owned();
        assert!(written.contains(&run_id) && !written.contains(&password), "{kind}");
        gateway.stop().await;
    }
}

/// What the gateways of this process have logged.
static LOGS: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Logs;

impl Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGS.lock().expect("no holder panics").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_logs_to_memory() {
    tracing_subscriber::fmt()
        .with_env_filter("ga4gh_gateway=trace,info")
        .with_writer(|| Logs)
        .init();
}

/// The first file of an archive.
fn open(bytes: &Bytes, password: &str) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("it is an archive");
    let mut content = Vec::new();
    archive
        .by_index_decrypt(0, password.as_bytes())
        .expect("the password fits")
        .read_to_end(&mut content)
        .expect("the file is whole");
    content
}
