//! A cohort goes in by chromosome, and its imputed genotypes come back: by the clients that people
//! have, against both generations of the imputation servers.

use std::{
    fs::{self, File},
    io,
    path::Path,
    process::Command,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{curl, url_of};
use crate::support::{
    TestGateway, TestService, eventually::eventually, program::succeed, real::clients, vcf,
};

const CHROMOSOMES: [u8; 3] = [20, 21, 22];
const KINDS: [&str; 2] = ["cloudgene3", "cloudgene2"];

#[tokio::test(flavor = "multi_thread")]
async fn curl_gets_a_cohort_imputed_by_either_generation() {
    for kind in KINDS {
        let service = TestService::start("za", kind, "ZA", &[("panels", "h3africa")]).await;
        let gateway = TestGateway::start(&[&service]).await;
        let cohort = cohort().await;
        let (token, runs) = (gateway.token("amina"), runs(&gateway));

        let mut form = vec![
            format!("workflow_params={}", params()),
            "workflow_type=IMPUTATION".to_owned(),
            "workflow_type_version=1".to_owned(),
            "workflow_url=imputation://auto".to_owned(),
        ];
        form.extend(names().iter().map(|name| {
            format!(
                "workflow_attachment=@{};type=application/gzip",
                cohort.path().join(name).display()
            )
        }));
        let mut arguments = vec![runs.as_str()];
        arguments.extend(form.iter().flat_map(|part| ["--form", part]));
        let placed = json_of(&curl(&token, &arguments).await);
        let run = format!("{runs}/{}", placed["run_id"].as_str().expect("a run has an id"));
        let outputs = eventually("the run is complete", || async {
            let log = json_of(&curl(&token, &[&run]).await);
            if log["state"] == "COMPLETE" { Ok(log["outputs"].clone()) } else { Err(log) }
        })
        .await;

        assert_sent_whole(&service, cohort.path());
        assert_imputed(&outputs, &token).await;
        gateway.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_client_gets_a_cohort_imputed_by_either_generation() {
    // It asks every 8 s only; so both generations at once.
    let [first, second] = KINDS.map(impute_by_the_reference_client);
    tokio::join!(first, second);
}

async fn impute_by_the_reference_client(kind: &str) {
    let service = TestService::start("za", kind, "ZA", &[("panels", "h3africa")]).await;
    let gateway = TestGateway::start(&[&service]).await;
    let cohort = cohort().await;
    let token = gateway.token("amina");
    fs::write(cohort.path().join("params.json"), params()).expect("the folder can be written");

    let attachments = format!("--attachments=file://{}/chr*.vcf.gz", cohort.path().display());
    let arguments = [&attachments, "imputation://auto", "params.json"];
    let printed =
        clients::wes_client_impute(cohort.path(), &gateway.base_url(), &token, &arguments).await;

    assert_sent_whole(&service, cohort.path());
    assert_imputed(&json_of(&printed), &token).await;
    gateway.stop().await;
}

fn params() -> String {
    json!({"panel": "h3africa-v6hc-s", "build": "hg38", "population": "afr"}).to_string()
}

fn names() -> [String; 3] {
    CHROMOSOMES.map(|number| format!("chr{number}.vcf.gz"))
}

fn runs(gateway: &TestGateway) -> String {
    format!("{}/ga4gh/wes/v1/runs", gateway.base_url())
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// A folder with one file per chromosome, each of several blocks.
async fn cohort() -> TempDir {
    let folder = tempfile::tempdir().expect("temporary folders can be made");
    for (number, name) in CHROMOSOMES.iter().zip(names()) {
        let file = folder.path().join(name);
        fs::write(&file, vcf::chromosome(*number, 4000)).expect("the folder can be written");
        succeed(Command::new("gzip").arg("--test").arg(&file)).await;
    }
    folder
}

/// One job, with every byte of every file.
fn assert_sent_whole(service: &TestService, cohort: &Path) {
    let jobs = service.submissions();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    let mut sent = jobs[0].files.clone();
    sent.sort();
    let expected = names().map(|name| {
        let size = fs::metadata(cohort.join(&name)).expect("the cohort was written").len();
        (name, size)
    });
    assert_eq!(sent, expected);
}

/// Every chromosome comes back, and the password of the run opens it.
async fn assert_imputed(outputs: &Value, token: &str) {
    let password = outputs["archive_password"].as_str().expect("the caller is told the password");
    let folder = tempfile::tempdir().expect("temporary folders can be made");
    for number in CHROMOSOMES {
        let url = url_of(outputs, &format!("chr_{number}.zip"))
            .unwrap_or_else(|| panic!("no chromosome {number} in {outputs}"));
        let archive = folder.path().join("archive.zip");
        curl(token, &["--output", &archive.to_string_lossy(), &url]).await;

        let dose = folder.path().join("dose.vcf.gz");
        decrypt(&archive, &format!("chr{number}.dose.vcf.gz"), password, &dose);
        let text =
            succeed(Command::new("gzip").args(["--decompress", "--stdout"]).arg(&dose)).await;

        assert!(text.starts_with("##fileformat=VCF"), "{text}");
        let records = text.lines().filter(|line| line.starts_with(&format!("chr{number}\t")));
        assert!(records.count() > 0, "{text}");
    }
}

fn decrypt(archive: &Path, name: &str, password: &str, to: &Path) {
    let archive = File::open(archive).expect("it was downloaded");
    let mut archive = zip::ZipArchive::new(archive).expect("it is an archive");
    let mut entry =
        archive.by_name_decrypt(name, password.as_bytes()).expect("the password opens it");
    let mut to = File::create(to).expect("the folder can be written");
    io::copy(&mut entry, &mut to).expect("the entry is whole");
}
