//! Fetching what a job made.

use std::io::{Cursor, Read};

use super::*;

#[tokio::test]
async fn the_password_that_was_sent_opens_the_archives() {
    for (kind, aes) in [("cloudgene3", true), ("cloudgene3", false), ("cloudgene2", false)] {
        let sim = Sim::start(kind, &[]).await;
        let mut fields = vec![PANEL, ("population", "eur"), ("password", "GwSecret")];
        fields.extend(aes.then_some(("aesEncryption", "true")));
        let names = ["chr20.vcf.gz", "chrX.vcf.gz", "notes.txt"];

        let said = sim.send("imputationserver2", &fields, &names).await.unwrap();
        let said: Value = said.json().await.unwrap();
        let job = sim.settled(said["id"].as_str().unwrap(), 4).await;

        for name in ["20", "X"] {
            let bytes =
                sim.get(&share(&job, &format!("chr_{name}.zip"))).await.bytes().await.unwrap();
            let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
            let mut dose = Vec::new();
            let entry = format!("chr{name}.dose.vcf.gz");
            archive.by_name_decrypt(&entry, b"GwSecret").unwrap().read_to_end(&mut dose).unwrap();
            assert_eq!(dose[..2], [0x1f, 0x8b]);
        }
    }
}

#[tokio::test]
async fn a_server_without_mail_prints_the_password_it_made() {
    let sim = Sim::start("cloudgene3", &[("mail", "false")]).await;

    let id = sim.submit(&[]).await;

    let job = sim.settled(&id, 4).await;
    let said = job["steps"][3]["logMessages"][0]["message"].as_str().unwrap().to_owned();
    let password = said.split("<b>").nth(1).unwrap().trim_end_matches("</b>");
    let bytes = sim.get(&share(&job, "chr_20.zip")).await.bytes().await.unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    assert!(archive.by_index_decrypt(0, password.as_bytes()).is_ok());
}

#[tokio::test]
async fn every_fetch_counts_and_head_does_too() {
    let sim = Sim::start("cloudgene3", &[("downloads_allowed", "2")]).await;
    let id = sim.submit(&[]).await;
    let job = sim.settled(&id, 4).await;
    let path = share(&job, "statistics/snps-excluded.txt");

    let head = sim.call("", Method::HEAD, &path).await.unwrap();
    let get = sim.call("", Method::GET, &path).await.unwrap();

    assert_eq!((head.status().as_u16(), get.status().as_u16()), (200, 200));
    assert_eq!(get.headers()["content-type"], "application/json");
    let problem = sim.get(&path).await.problem().await;
    assert_eq!(problem.status, 400);
    assert_eq!(problem.message, "number of max downloads exceeded.");
}

#[tokio::test]
async fn a_success_shows_before_its_files_can_be_fetched() {
    let sim = Sim::start("cloudgene3", &[("gap_after_success_ms", "3000")]).await;
    let id = sim.submit(&[]).await;

    let deadline = Instant::now() + Duration::from_secs(10);
    let early = loop {
        let job = sim.job(&id).await;
        if job["state"] == 4 && !files(&job).is_empty() {
            break job;
        }
        assert!(Instant::now() < deadline, "still {job}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };

    assert_eq!(early["positionInQueue"], 0);
    assert_eq!(sim.status(&share(&early, "chr_20.zip")).await, 404);
    sim.settled(&id, 4).await;
    assert_eq!(sim.status(&share(&early, "chr_20.zip")).await, 200);
}

#[tokio::test]
async fn a_retired_job_lists_files_that_cannot_be_fetched() {
    let sim = Sim::start("cloudgene3", &[]).await;
    let id = sim.submit(&[]).await;
    sim.settled(&id, 4).await;
    sim.set("notify_after_ms", "0");
    sim.settled(&id, 8).await;

    sim.set("retire_after_ms", "0");

    let job = sim.settled(&id, 7).await;
    let hash = files(&job)[0]["hash"].as_str().unwrap().to_owned();
    let output = job["outputParams"][0]["hash"].as_str().unwrap();
    for (path, status) in [
        (format!("/share/results/{hash}/chr_20.zip"), 404),
        (format!("/downloads/{id}/{hash}/chr_20.zip"), 500),
        (format!("/browse/{output}/chr_20.zip"), 500),
    ] {
        assert_eq!(sim.status(&path).await, status, "{path}");
    }
}

#[tokio::test]
async fn each_generation_has_its_own_ways_to_a_file() {
    for (kind, app, name, statuses) in [
        ("cloudgene3", "imputationserver2", "chr_20.zip", [200, 200, 200, 200, 404]),
        ("cloudgene2", "imputationserver2", "chr_20.zip", [200, 404, 403, 404, 403]),
    ] {
        let sim = Sim::start(kind, &[]).await;
        let said = sim.send(app, &[PANEL], &["chr20.vcf.gz"]).await.unwrap();
        let said: Value = said.json().await.unwrap();
        let id = said["id"].as_str().unwrap();
        let job = sim.settled(id, 4).await;
        let hash = files(&job)[0]["hash"].as_str().unwrap().to_owned();
        let output = job["outputParams"][0]["hash"].as_str().unwrap();

        for (path, status) in [
            format!("/share/results/{hash}/{name}"),
            format!("/share/results/{hash}/any.name"),
            format!("/downloads/{id}/{hash}/{name}"),
            format!("/browse/{output}/{name}"),
            format!("/results/{id}/output/{name}"),
        ]
        .iter()
        .zip(statuses)
        {
            let answer = sim.call("", Method::GET, path).await.unwrap();
            let status = if status == 404 && kind == "cloudgene3" { 401 } else { status };
            assert_eq!(answer.status().as_u16(), status, "{kind} {path}");
        }
    }
}

#[tokio::test]
async fn the_object_store_refuses_the_token_of_the_server() {
    let sim = Sim::start("cloudgene3", &[("s3_redirect", "true")]).await;
    let id = sim.submit(&[]).await;
    let job = sim.settled(&id, 4).await;

    let answer = sim.get(&share(&job, "chr_20.zip")).await;

    assert_eq!(answer.status(), StatusCode::MOVED_PERMANENTLY);
    let location: Url = answer.location().unwrap().parse().unwrap();
    let leaked = sim.client.get(&credential("sim-token"), &location).await.unwrap();
    assert_eq!(leaked.status(), StatusCode::BAD_REQUEST);
    assert_eq!(sim.json("/_sim/leaks").await["leaked_tokens"], 1);
    let clean = sim.client.get(&Credential::None, &location).await.unwrap();
    assert_eq!(clean.status(), StatusCode::OK);
    assert!(clean.bytes().await.unwrap().starts_with(b"PK"));
    let range = [(header::RANGE, http::HeaderValue::from_static("bytes=0-1"))];
    let part = sim.client.call(&Credential::None, Method::GET, &location, &range).await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.bytes().await.unwrap(), "PK");

    sim.set("s3_expires_ms", "0");
    let answer = sim.get(&share(&job, "chr_20.zip")).await;
    let expired: Url = answer.location().unwrap().parse().unwrap();
    let expired = sim.client.get(&Credential::None, &expired).await.unwrap();
    assert_eq!(expired.status(), StatusCode::FORBIDDEN);
}
