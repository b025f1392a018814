//! `kill -9` at any instant: nothing that was acknowledged is lost, nothing is submitted twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ga4gh_gateway::simulator::Submission;
use tokio::{sync::Mutex, task::JoinSet};

use crate::support::{
    RunForm, TestService,
    client::WesClient,
    eventually::{eventually, eventually_within},
    process::Process,
};

const SUBMISSIONS: usize = 200;
const KILLS: usize = 12;
const WORKERS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_loses_no_acknowledged_run_and_doubles_none() {
    let quick = [("queue_ms", "50"), ("run_ms", "300"), ("export_ms", "50")];
    let cloudgene = TestService::start("za", "cloudgene3", "ZA", &quick).await;
    let wes = TestService::start("ml", "wes", "ML", &quick[..2]).await;
    let folder = tempfile::tempdir().unwrap();
    let gateway = Arc::new(Process::start(folder.path(), &[&cloudgene, &wes]).await);

    let done = Arc::new(AtomicUsize::new(0));
    let acknowledged = Arc::new(Mutex::new(BTreeMap::new()));
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let (gateway, done, acknowledged) = (gateway.clone(), done.clone(), acknowledged.clone());
        workers.spawn(async move {
            for number in (worker..SUBMISSIONS).step_by(WORKERS) {
                let run_id = submit_until_acknowledged(&gateway, number).await;
                acknowledged.lock().await.insert(number, run_id);
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let mut dice = fastrand::Rng::with_seed(20_261_122);
    for kill in 1..=KILLS {
        // Spread over the submissions, at an instant that nobody chose.
        let enough = kill * SUBMISSIONS / (KILLS + 1);
        eventually_within(Duration::from_secs(120), "submissions go on", || async {
            let so_far = done.load(Ordering::Relaxed);
            if so_far >= enough { Ok(()) } else { Err(so_far) }
        })
        .await;
        tokio::time::sleep(Duration::from_micros(dice.u64(..30_000))).await;
        gateway.kill_and_restart().await;
    }
    while let Some(worker) = workers.join_next().await {
        worker.unwrap();
    }

    let amina = gateway.client("amina");
    let acknowledged = acknowledged.lock().await.clone();
    assert_eq!(acknowledged.len(), SUBMISSIONS);
    for run_id in acknowledged.values() {
        assert_eq!(amina.ended(run_id).await, "COMPLETE", "{run_id}");
    }
    let runs: BTreeSet<_> = acknowledged.values().cloned().collect();
    assert_eq!(runs.len(), SUBMISSIONS, "two submissions got one run");
    let mut arrived = BTreeMap::new();
    for submission in cloudgene.submissions().iter().chain(&wes.submissions()) {
        *arrived.entry(gateway_run(submission)).or_insert(0) += 1;
    }
    assert!(arrived.values().all(|times| *times == 1), "{arrived:?}");
    assert!(runs.iter().all(|run_id| arrived.contains_key(run_id)));
    no_run_is_stuck(&amina).await;
}

/// Also the runs that nobody got an id for come to an end.
async fn no_run_is_stuck(client: &WesClient) {
    eventually("every listed run has ended", || async {
        let (_, page) = client.get("/runs?page_size=1000").await;
        let runs = page["runs"].as_array().cloned().unwrap_or_default();
        let going: Vec<_> = runs.into_iter().filter(|run| run.get("end_time").is_none()).collect();
        if going.is_empty() { Ok(()) } else { Err(going) }
    })
    .await;
}

/// The gateway's id of a run, as the service was told it.
fn gateway_run(submission: &Submission) -> String {
    let tag = submission.tags.get("ga4gh-gateway-run");
    let name = submission.job_name.as_deref().map(|name| {
        name.trim_start_matches("ga4gh-gateway-run-").split(' ').next().unwrap_or_default()
    });
    tag.map(String::as_str).or(name).expect("every submission carries the id").to_owned()
}

/// Sends a run again and again under one `Idempotency-Key`, as a client does whose connection broke.
async fn submit_until_acknowledged(gateway: &Process, number: usize) -> String {
    let form = if number.is_multiple_of(2) {
        RunForm::imputation().file("chr20.vcf.gz", vec![7; 100_000])
    } else {
        RunForm::cwl()
    };
    let form = form.idempotency_key(&format!("submission-{number}"));
    let client = gateway.client("amina");
    eventually_within(Duration::from_secs(60), "the run is acknowledged", || async {
        let Some((status, body)) = client.try_submit_once(form.clone()).await else {
            return Err("no answer".to_owned());
        };
        match body["run_id"].as_str() {
            Some(run_id) if status == 200 => Ok(run_id.to_owned()),
            _ => Err(format!("{status} {body}")),
        }
    })
    .await
}
