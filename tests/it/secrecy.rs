//! The credentials that a gateway was given stand in nothing that it writes, whatever happens.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use ga4gh_gateway::{
    auth::DevelopmentIssuer,
    domain::{Role, SystemClock},
};
use http::Method;
use serde_json::{Value, json};

use crate::support::{
    RunForm, TestService, client::WesClient, eventually::eventually, http::get, ports::free_port,
    vcf,
};

const OWN: &str = "a-token-of-amina-alone";
const WRONG: &str = "a-token-that-nobody-has";
const GATEWAYS: &str = "a-token-of-the-gateway";

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_stands_in_a_log_a_file_a_metric_or_an_answer() {
    let knobs = [("token", OWN), ("other_token", GATEWAYS), ("queue_ms", "50"), ("run_ms", "200")];
    let service = TestService::start("kenya", "cloudgene3", "KE", &knobs).await;
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let [address, ops] = [(); 2].map(|()| SocketAddr::from(([127, 0, 0, 1], free_port())));
    let file = configure(folder.path(), address, ops);
    let mut child = Running(serve(&file, &log));
    eventually("the gateway serves", || async {
        tokio::net::TcpStream::connect(address).await.map(drop)
    })
    .await;
    let issuer = DevelopmentIssuer::open(&data, Arc::new(SystemClock)).unwrap();
    let client = |name: &str, role| {
        let token = issuer.mint(name, None, &[role], Duration::from_secs(600));
        WesClient::new(&format!("http://{address}"), Some(token))
    };
    let (operator, amina) = (client("olu", Role::Operator), client("amina", Role::Researcher));
    let mut answers = Vec::new();

    let mut document = service.config.clone();
    document["caller_credential"] = json!("optional");
    document["credential"] = json!({"type": "bearer", "token": GATEWAYS});
    let services = "/api/v1/services";
    answers.push(operator.send(Method::POST, services, &[], Some(&document)).await.2);
    let path = "/api/v1/credentials/kenya";
    for body in [
        json!({"type": "bearer", "token": WRONG}),
        json!({"type": "bearer", "tokn": WRONG}),
        json!({"type": WRONG}),
        json!({"type": "header", "name": "X-Auth-Token", "value": OWN}),
    ] {
        answers.push(amina.send(Method::PUT, path, &[], Some(&body)).await.2);
    }
    answers.push(amina.get_v1("/credentials").await.1);
    let form = || RunForm::imputation().file("a.vcf.gz", vcf::chromosome(20, 20));
    let run_id = amina.submit(form()).await;
    assert_eq!(amina.ended(&run_id).await, "COMPLETE");
    answers.push(amina.run_log(&run_id).await);
    service.set("token_state", "expired");
    let (_, refused) = amina.try_submit(form()).await;
    assert_eq!(refused["reason"], "credential_required", "{refused}");
    answers.push(refused);
    answers.push(operator.get_v1("/services").await.1);
    let metrics = get(&format!("http://{ops}/metrics")).await;
    answers.push(metrics.unwrap_or_else(Value::from));
    child.0.kill().unwrap();
    child.0.wait().unwrap();

    let answers = Value::from(answers).to_string();
    assert!(answers.contains("ga4gh_gateway_"), "the metrics are among them");
    let written = fs::read(&log).unwrap();
    assert!(written.len() > 10_000, "the log is written in full: {}", written.len());
    let written = files(&data).into_iter().chain([(log, written)]);
    nowhere(&[OWN, WRONG, GATEWAYS], &answers, written.collect());
}

/// Writes a configuration that logs everything.
fn configure(folder: &Path, address: SocketAddr, ops: SocketAddr) -> PathBuf {
    let config = json!({
        "data_dir": folder.join("data"),
        "server": {"listen": address.to_string(), "ops_listen": ops.to_string()},
        "gateway": {"poll_min": "100ms", "poll_max": "200ms"},
        "log": {"filter": "trace"},
    });
    let file = folder.join("gateway.toml");
    fs::write(&file, toml::to_string(&config).expect("the folder can be used"))
        .expect("the folder can be used");
    file
}

/// Looks for secrets in answers and files.
fn nowhere(secrets: &[&str], answers: &str, files: Vec<(PathBuf, Vec<u8>)>) {
    for (place, bytes) in files {
        for secret in secrets {
            assert!(!answers.contains(secret), "{secret} in {answers}");
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} stands in {}", place.display());
        }
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(config: &Path, log: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ga4gh-gateway"))
        .args(["serve", "--config"])
        .arg(config)
        .stdin(Stdio::null())
        .stderr(File::create(log).expect("the folder can be used"))
        .spawn()
        .expect("the program was built with this test")
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder)
        .expect("the folder can be used")
        .map(|entry| entry.expect("the folder can be used").path());
    entries
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), fs::read(&path).expect("the folder can be used")))
        .collect()
}
