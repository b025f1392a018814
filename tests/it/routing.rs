//! Where a run goes, and why: services that die, hang, stand in and depend on each other.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use futures_util::{StreamExt, future::join_all, stream};
use ga4gh_gateway::backend::RUN_TAG;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    federation::system_logs,
    support::{
        RunForm, TestGateway, TestService, client::WesClient, eventually::eventually_within,
        link::Link,
    },
};

const RUNS: usize = 500;
const IN_FLIGHT: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_dies_amid_500_submissions_loses_none_and_doubles_none() {
    let dying = quick("dying", &[]).await;
    let link = Link::to(dying.simulator.address).await;
    let dying = dying.with("url", format!("http://{}", link.address)).with("weight", 200);
    let (second, third) = (quick("second", &[]).await, quick("third", &[]).await);
    let settings = json!({"client": {"submit_timeout": "20s"}, "health": {"timeout": "10s"}});
    let gateway = TestGateway::start_with(&[&dying, &second, &third], settings).await;
    let amina = gateway.client("amina");

    let submissions = stream::iter(0..RUNS).map(|number| {
        let (amina, link, dying) = (&amina, &link, &dying);
        async move {
            if number == RUNS / 3 {
                die_with_some_in_flight(amina, dying, link).await
            } else {
                vec![amina.submit(RunForm::cwl().file("reads.txt", "ACGT")).await]
            }
        }
    });
    let runs: Vec<_> = submissions.buffer_unordered(24).concat().await;

    let took = count_by_run(&[&dying, &second, &third]);
    assert!(took.values().all(|count| *count == 1), "some run landed twice: {took:?}");
    let alive = count_by_run(&[&second, &third]);
    let story = Story::read(&amina, &runs).await;
    for (run_id, service) in &story.placed {
        assert_eq!(alive.contains_key(run_id), service != "dying", "{run_id} at {service}");
    }
    for run_id in &story.uncertain {
        assert!(!alive.contains_key(run_id), "{run_id} was sent on after its answer was lost");
    }
    assert!(story.uncertain.len() >= IN_FLIGHT, "{:?}", story.uncertain);
    assert!(story.went_elsewhere > RUNS / 3, "{} runs went elsewhere", story.went_elsewhere);

    link.mend();
    let arrived = count_by_run(&[&dying]);
    for run_id in &story.uncertain {
        let expected = if arrived.contains_key(run_id) { "COMPLETE" } else { "SYSTEM_ERROR" };
        assert_eq!(amina.ended(run_id).await, expected, "{run_id}");
        let logs = system_logs(&amina.run_log(run_id).await);
        assert!(logs.contains("dying did not confirm the run"), "{logs}");
    }
    for run_id in story.placed.keys() {
        assert_eq!(amina.ended(run_id).await, "COMPLETE", "{run_id}");
    }
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_hangs_slows_no_other() {
    const OTHERS: usize = 200;
    const STUCK: usize = 300;
    // Submissions get three quarters of the calls that a service gets at a time.
    const SHARE: usize = 48;
    let (hanging, quick) = (quick("hanging", &[]).await, quick("quick", &[]).await);
    let settings = json!({"client": {"submit_timeout": "40s"}, "health": {"interval": "10m"}});
    let gateway = TestGateway::start_with(&[&hanging, &quick], settings).await;
    let amina = gateway.client("amina");
    let all = || async {
        let began = Instant::now();
        let runs = stream::iter(0..OTHERS).map(|_| amina.submit(for_service("quick")));
        runs.buffer_unordered(16).count().await;
        began.elapsed()
    };

    let quiet = all().await;
    hanging.set("hang", "true");
    // More than the gateway has places for submissions: those beyond the hanging one's share must not
    // wait in them.
    let refused = AtomicUsize::new(0);
    let stuck = stream::iter(0..STUCK).map(|_| amina.try_submit(for_service("hanging")));
    let stuck = stuck.buffer_unordered(STUCK).for_each(async |(status, body)| {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body}");
        refused.fetch_add(1, Relaxed);
    });
    let others = async {
        eventually_within(Duration::from_secs(25), "its share is used up", || async {
            let refused = refused.load(Relaxed);
            if refused >= STUCK - SHARE { Ok(()) } else { Err(refused) }
        })
        .await;
        all().await
    };
    let beside = tokio::select! {
        () = stuck => panic!("the hanging service answered"),
        took = others => took,
    };

    // Whoever waited for the hanging one would wait for most of a minute.
    assert!(beside < quiet * 2 + Duration::from_secs(2), "{beside:?} beside it, {quiet:?} without");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_for_a_service_that_is_down_goes_to_the_one_that_stands_in_for_it() {
    let main = quick("main", &[]).await;
    let helper = quick("helper", &[]).await.with("stands_in_for", json!([{"service": "main"}]));
    let other = quick("other", &[]).await;
    let gateway = TestGateway::start(&[&main, &helper, &other]).await;
    let amina = gateway.client("amina");
    let before = amina.submit(for_service("main")).await;
    assert_eq!(service_of(&amina, &before).await, "main");

    main.set("fail_service_info_with", "503");
    main.set("fail_submit_with", "503");
    let decision = eventually_within(Duration::from_secs(20), "main is known as down", || async {
        let run_id = amina.submit(for_service("main")).await;
        let decision = decision_of(&amina, &run_id).await;
        assert_eq!(decision["service"], "helper", "{decision}");
        if decision["excluded"]["main"].is_string() { Ok(decision) } else { Err(decision) }
    })
    .await;

    let why = decision["why"].as_str().unwrap_or_default();
    assert!(why.contains("it stands in for `main`"), "{decision}");
    assert_eq!(decision["ranking"][0]["tier"], "stand_in", "{decision}");
    assert_eq!(decision["excluded"]["other"], "the caller wants `main` and no other");
    assert_eq!(other.submissions(), []);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_gets_no_runs_while_what_it_depends_on_is_down() {
    let store = quick("store", &[]).await.with("weight", 0);
    let near = quick("near", &[]).await.with("depends_on", json!(["store"]));
    let gateway = TestGateway::start(&[&store, &near]).await;
    let amina = gateway.client("amina");
    let run_id = amina.submit(RunForm::cwl()).await;
    assert_eq!(service_of(&amina, &run_id).await, "near");

    store.set("fail_service_info_with", "503");
    let body = eventually_within(Duration::from_secs(20), "store is known as down", || async {
        let (status, body) = amina.try_submit(RunForm::cwl()).await;
        if status == StatusCode::SERVICE_UNAVAILABLE { Ok(body) } else { Err(body) }
    })
    .await;

    let why = body["services"]["near"].as_str().unwrap_or_default();
    assert!(why.contains("it cannot work without `store`, which is down"), "{body}");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_service_takes_no_new_run_and_ends_those_that_it_has() {
    let (drained, other) = (quick("drained", &[]).await, quick("other", &[]).await);
    drained.set("run_ms", "1500");
    let gateway = TestGateway::start(&[&drained, &other]).await;
    let amina = gateway.client("amina");
    let before = amina.submit(for_service("drained")).await;

    let mode = json!({"mode": "draining", "note": "new disks"});
    let path = "/api/v1/services/drained/mode";
    let (status, _, body) = gateway.operator().send(Method::PUT, path, &[], Some(&mode)).await;
    assert_eq!(status, StatusCode::OK, "{body}");

    for _ in 0..10 {
        let run_id = amina.submit(RunForm::cwl()).await;
        let decision = decision_of(&amina, &run_id).await;
        let why = "its operator lets it run empty: new disks";
        assert_eq!(decision["excluded"]["drained"], why, "{decision}");
    }
    assert_eq!((drained.submissions().len(), other.submissions().len()), (1, 10));
    assert_eq!(amina.ended(&before).await, "COMPLETE");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_decision_counts_and_ranks_whom_it_considered() {
    let (light, heavy) = (quick("light", &[]).await, quick("heavy", &[]).await.with("weight", 300));
    let abroad = TestService::start("abroad", "wes", "US", &[]).await;
    let gateway = TestGateway::start(&[&light, &heavy, &abroad]).await;
    let amina = gateway.client("amina");

    let run_id = amina.submit(RunForm::cwl().tags(&json!({"origin": "ZA"}))).await;

    let decision = decision_of(&amina, &run_id).await;
    let counted = json!({"services": 3, "forbidden": 1, "excluded": 0, "candidates": 2});
    assert_eq!(decision["considered"], counted, "{decision}");
    assert_eq!(decision["ranking"][0]["service"], decision["service"], "{decision}");
    let weights: Vec<_> = ["light", "heavy"].map(|id| weight_of(&decision, id)).into();
    assert_eq!(weights, [json!(100), json!(300)], "{decision}");
    let why = decision["why"].as_str().unwrap_or_default();
    assert!(why.contains("of 2 services of one tier"), "{decision}");
    let forbidden = decision["forbidden"]["abroad"].as_str().unwrap_or_default();
    assert!(forbidden.contains("it stands in US"), "{decision}");
    gateway.stop().await;
}

/// The service dies once it has taken some runs and has not said so yet.
async fn die_with_some_in_flight(
    amina: &WesClient,
    dying: &TestService,
    link: &Link,
) -> Vec<String> {
    dying.set("answer_delay_ms", "15000");
    let form = RunForm::cwl().tags(&json!({"service": "dying", "name": "in flight"}));
    let submitting = join_all((0..IN_FLIGHT).map(|_| amina.submit(form.clone())));
    let dies = async {
        eventually_within(Duration::from_secs(30), "some are in flight", || async {
            let took = dying.submissions();
            let count = took.iter().filter(|s| s.tags.contains_key("name")).count();
            if count == IN_FLIGHT { Ok(()) } else { Err(count) }
        })
        .await;
        link.cut();
    };
    tokio::join!(submitting, dies).0
}

/// What became of many runs, by their decisions.
#[derive(Default)]
struct Story {
    /// Runs that some service confirmed, and which.
    placed: HashMap<String, String>,
    uncertain: Vec<String>,
    /// How many were placed elsewhere because of the service that died, and say so.
    went_elsewhere: usize,
}

impl Story {
    async fn read(amina: &WesClient, runs: &[String]) -> Self {
        let mut story = Self::default();
        for run_id in runs {
            let decision = decision_of(amina, run_id).await;
            let attempts = decision["attempts"].as_array().expect("a list").clone();
            let last = attempts.last().expect("somebody was asked");
            for earlier in &attempts[..attempts.len() - 1] {
                assert_eq!(earlier["outcome"], "unavailable", "{decision}");
            }
            let service = last["service"].as_str().expect("a text").to_owned();
            let says_why = decision["excluded"]["dying"].is_string()
                || attempts.iter().any(|a| a["service"] == "dying" && a["detail"] != "");
            match last["outcome"].as_str() {
                Some("placed") => {
                    story.went_elsewhere += usize::from(service != "dying" && says_why);
                    story.placed.insert(run_id.clone(), service);
                }
                Some("uncertain") => {
                    assert_eq!(service, "dying", "{decision}");
                    story.uncertain.push(run_id.clone());
                }
                _ => panic!("{decision}"),
            }
        }
        story
    }
}

/// How often each run was taken, by the tag that it carries.
fn count_by_run(services: &[&TestService]) -> HashMap<String, usize> {
    let mut count = HashMap::new();
    for submission in services.iter().flat_map(|service| service.submissions()) {
        *count.entry(submission.tags[RUN_TAG].clone()).or_default() += 1;
    }
    count
}

/// A service whose runs take a moment.
async fn quick(id: &str, knobs: &[(&str, &str)]) -> TestService {
    let usual = [("queue_ms", "50"), ("prepare_ms", "50"), ("run_ms", "100")];
    let knobs: Vec<_> = usual.into_iter().chain(knobs.iter().copied()).collect();
    TestService::start(id, "wes", "ZA", &knobs).await
}

fn for_service(id: &str) -> RunForm {
    RunForm::cwl().tags(&json!({"service": id}))
}

async fn decision_of(amina: &WesClient, run_id: &str) -> Value {
    let (status, decision) = amina.get_v1(&format!("/runs/{run_id}/decision")).await;
    assert_eq!(status, StatusCode::OK, "{decision}");
    decision
}

async fn service_of(amina: &WesClient, run_id: &str) -> String {
    let decision = decision_of(amina, run_id).await;
    decision["service"].as_str().expect("somebody has the run").to_owned()
}

fn weight_of(decision: &Value, id: &str) -> Value {
    let ranking = decision["ranking"].as_array().expect("a list");
    ranking.iter().find(|one| one["service"] == id).expect("it is ranked")["weight"].clone()
}
