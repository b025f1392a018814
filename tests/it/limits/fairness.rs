use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{RunForm, TestGateway, TestService};

#[tokio::test(flavor = "multi_thread")]
async fn a_greedy_institution_leaves_others_at_least_their_share() {
    // Given four places, each held for a fifth of a second, and an institution that wants all of them.
    let service = TestService::start("ml", "wes", "ML", &[("answer_delay_ms", "200")]).await;
    let settings = json!({
        "gateway": {"max_submissions": 4},
        "limits": {"submissions": {"wait": "20s", "max_waiting": 100}},
        "circuit": {"max_in_flight": 64},
    });
    let gateway = TestGateway::start_with(&[&service], settings).await;
    let (greedy_took, modest_took) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    let mut submit_always = |subject: String, institution: &str, took: &Arc<AtomicUsize>| {
        let client = gateway.client_of(&subject, institution);
        let (took, over) = (took.clone(), over.clone());
        tasks.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let (status, body) = client.try_submit(RunForm::cwl()).await;
                assert_eq!(status, StatusCode::OK, "{body}");
                took.fetch_add(1, Ordering::Relaxed);
            }
        });
    };
    for number in 0..24 {
        submit_always(format!("greedy-{number}"), "Greedy", &greedy_took);
    }
    // When another one, which comes late and wants three, works beside it for a while.
    crate::support::eventually::eventually("the greedy one is at work", || async {
        let took = greedy_took.load(Ordering::Relaxed);
        if took >= 4 { Ok(()) } else { Err(took) }
    })
    .await;
    let before = greedy_took.load(Ordering::Relaxed);
    for number in 0..3 {
        submit_always(format!("modest-{number}"), "Modest", &modest_took);
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let modest = modest_took.load(Ordering::Relaxed);
    let greedy = greedy_took.load(Ordering::Relaxed) - before;
    over.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended.expect("every submission is taken");
    }

    // Then each has about half.
    assert!(modest * 100 >= (modest + greedy) * 45, "modest {modest}, greedy {greedy}");
    assert!(greedy > 0 && modest > 0);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_institution_cannot_hold_every_place() {
    let service = TestService::start("ml", "wes", "ML", &[("answer_delay_ms", "1500")]).await;
    let settings = json!({
        "gateway": {"max_submissions": 2},
        "limits": {"submissions": {"wait": "100ms"}},
    });
    let gateway = TestGateway::start_with(&[&service], settings).await;
    let greedy = [gateway.client_of("a", "Greedy"), gateway.client_of("b", "Greedy")];
    let modest = gateway.client_of("c", "Modest");

    let (mut first, other) = tokio::join!(
        futures_util::future::join_all(greedy.iter().map(|one| one.try_submit(RunForm::cwl()))),
        modest.try_submit(RunForm::cwl()),
    );

    first.sort_by_key(|(status, _)| *status);
    assert_eq!((first[0].0, first[1].0), (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(first[1].1["reason"], "too_many_submissions");
    assert_eq!(other.0, StatusCode::OK, "{}", other.1);
    gateway.stop().await;
}
