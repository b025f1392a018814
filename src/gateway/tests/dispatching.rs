//! Where a run is sent, and where it is never sent.

use bytes::Bytes;

use super::{
    scripted::{Answer, Scripted},
    *,
};
use crate::registry::Mode;

#[tokio::test]
async fn a_run_goes_on_to_the_next_service_when_nothing_was_placed() {
    let (kenya, mali) = (Scripted::new([Answer::Unavailable]), Scripted::new([]));
    let house = House::over(&[("kenya", &kenya), ("mali", &mali)]).await;

    let run_id = house.submit(Files::none()).await.unwrap();

    assert_eq!((kenya.runs(), mali.runs()), (0, 1));
    let asked = [("kenya", "unavailable"), ("mali", "placed")];
    assert_eq!(house.outcomes(run_id).await, asked.map(|(s, o)| (s.to_owned(), o.to_owned())));
    house.stop().await;
}

#[tokio::test]
async fn a_storm_is_not_multiplied() {
    let failing = [(); 5].map(|()| Scripted::new([Answer::Unavailable]));
    let ids = ["a", "b", "c", "d", "e"];
    let services: Vec<_> = ids.into_iter().zip(&failing).collect();
    let house = House::with(&services, Config { max_attempts: 3, ..Config::default() }).await;

    let Error::NoService { excluded, .. } = house.submit(Files::none()).await.unwrap_err() else {
        panic!("nobody took it");
    };

    assert_eq!(failing.iter().filter(|service| service.was_asked()).count(), 3);
    assert!(excluded.values().any(|why| why == "not asked: 3 others were"), "{excluded:?}");
    house.stop().await;
}

#[tokio::test]
async fn a_candidate_that_is_drained_meanwhile_is_not_asked_and_the_decision_says_so() {
    let (kenya, mali, togo) =
        (Scripted::new([Answer::Unavailable]), Scripted::new([]), Scripted::new([]));
    let house = House::over(&[("kenya", &kenya), ("mali", &mali), ("togo", &togo)]).await;
    let registry = house.registry.clone();
    let change = move |weight, mode, reach| {
        let id = "mali".parse().unwrap();
        let mut record = registry.snapshot().get(&id).unwrap().record().clone();
        record.service = Arc::new(Service { weight, ..service("mali") });
        record.mode = mode;
        registry.put(record);
        registry.publish(&id, reach, None, Timestamp::UNIX_EPOCH);
    };
    change(100, Mode::Active, Reach::Unknown);
    kenya.before_it_answers(move || change(100, Mode::Draining, Reach::Unknown));

    let run_id = house.submit(Files::none()).await.unwrap();

    assert_eq!((kenya.runs(), mali.runs(), togo.runs()), (0, 0, 1));
    assert_eq!(house.decision(run_id).await.candidates, ["kenya", "mali", "togo"]);
    let (_, attempts) = house.gateway.decision(&amina(), &run_id.to_string()).await.unwrap();
    let told: Vec<_> = attempts.iter().map(|attempt| attempt.detail.as_str()).collect();
    let passed_over = "not asked after all: its operator lets it run empty";
    assert_eq!(told, ["the service is unavailable: maintenance", passed_over, ""]);
    house.stop().await;
}

#[tokio::test]
async fn the_decision_says_why_this_one_and_why_not_those() {
    let (kenya, mali, togo) = (Scripted::new([]), Scripted::new([]), Scripted::new([]));
    let house = House::over(&[("kenya", &kenya), ("mali", &mali), ("togo", &togo)]).await;
    let down = Reach::Unreachable { why: "no connection".to_owned() };
    house.registry.publish(&"togo".parse().unwrap(), down, None, Timestamp::UNIX_EPOCH);

    let run_id = house.submit(Files::none()).await.unwrap();

    let decision = house.decision(run_id).await;
    assert_eq!(decision.candidates, ["kenya", "mali"]);
    assert_eq!(decision.why, "`kenya` is the only one of its tier: it can take the run");
    let ranked: Vec<_> =
        decision.ranking.iter().map(|one| (one.tier.as_str(), one.weight, one.burden)).collect();
    assert_eq!(ranked, [("ready", 100, 1.0), ("reserve", 0, 1.0)]);
    assert_eq!(decision.excluded["togo"], "it does not answer: no connection");
    let considered = Considered { services: 3, forbidden: 0, excluded: 1, candidates: 2 };
    assert_eq!(decision.considered, Some(considered));
    house.stop().await;
}

#[test]
fn a_decision_from_before_is_still_read() {
    let old = r#"{"rule": "r", "candidates": ["a"], "excluded": {"b": "down"}, "forbidden": {}}"#;

    let decision: Decision = serde_json::from_str(old).unwrap();

    assert_eq!((decision.candidates.len(), decision.considered), (1, None));
}

#[tokio::test]
async fn a_lost_answer_is_never_failed_over() {
    let (kenya, mali) = (Scripted::new([Answer::LosesReply]), Scripted::new([]));
    let house = House::over(&[("kenya", &kenya), ("mali", &mali)]).await;

    let run_id = house.submit(Files::none()).await.unwrap();

    assert_eq!((kenya.runs(), mali.runs()), (1, 0));
    assert_eq!(house.state(run_id).await, State::Initializing);
    house.stop().await;
}

#[tokio::test]
async fn a_refusal_ends_the_run_and_nobody_lists_it() {
    let (kenya, mali) = (Scripted::new([Answer::Refuses]), Scripted::new([]));
    let house = House::over(&[("kenya", &kenya), ("mali", &mali)]).await;

    let refused = house.submit(Files::none()).await.unwrap_err();

    assert!(matches!(refused, Error::Refused { status: 400, .. }), "{refused:?}");
    assert_eq!(mali.runs(), 0);
    let page = house.gateway.list_runs(&amina(), 10, None).await.unwrap();
    assert!(page.runs.is_empty());
    house.stop().await;
}

#[tokio::test]
async fn when_nobody_takes_a_run_every_reason_is_told() {
    let (kenya, mali) = (Scripted::new([Answer::Unavailable]), Scripted::new([]));
    let house = House::over(&[("kenya", &kenya), ("mali", &mali)]).await;
    let down = Reach::Unreachable { why: "no connection".to_owned() };
    house.registry.publish(&"mali".parse().unwrap(), down, None, Timestamp::UNIX_EPOCH);

    let Error::NoService { excluded, .. } = house.submit(Files::none()).await.unwrap_err() else {
        panic!("nobody took it");
    };

    assert_eq!(excluded[&"kenya".parse().unwrap()], "the service is unavailable: maintenance");
    assert_eq!(excluded[&"mali".parse().unwrap()], "it does not answer: no connection");
    house.stop().await;
}

#[tokio::test]
async fn files_that_arrived_before_are_sent_again_from_the_beginning() {
    let (kenya, mali) = (Scripted::new([Answer::UnavailableAfterUpload]), Scripted::new([]));
    let house = House::over(&[("kenya", &kenya), ("mali", &mali)]).await;
    let mut staging = house.gateway.staging();
    staging.begin("a.cwl").unwrap();
    staging.push(Bytes::from_static(b"whole")).await.unwrap();

    house.submit(staging.finish()).await.unwrap();

    assert_eq!(kenya.uploads(), [b"whole"]);
    assert_eq!(mali.uploads(), [b"whole"]);
    house.stop().await;
}

#[tokio::test]
async fn files_that_streamed_past_are_not_sent_elsewhere() {
    let (kenya, mali) = (Scripted::new([Answer::UnavailableAfterUpload]), Scripted::new([]));
    let house = House::over(&[("kenya", &kenya), ("mali", &mali)]).await;
    let mut staging = house.gateway.staging();
    staging.begin("a.cwl").unwrap();
    let (files, mut sink) = staging.stream();

    let sending = async {
        sink.push(Bytes::from_static(b"streamed")).await;
        sink.finish().await
    };
    let (sent, _) = tokio::join!(house.submit(files), sending);

    assert!(matches!(sent, Err(Error::NoService { .. })), "{sent:?}");
    assert_eq!(kenya.uploads(), [b"streamed"]);
    assert_eq!(mali.runs(), 0);
    house.stop().await;
}

#[tokio::test]
async fn an_upload_that_breaks_off_places_nothing() {
    let kenya = Scripted::new([]);
    let house = House::over(&[("kenya", &kenya)]).await;
    let mut staging = house.gateway.staging();
    staging.begin("a.cwl").unwrap();
    let (files, mut sink) = staging.stream();

    let breaking_off = async move {
        sink.push(Bytes::from_static(b"half")).await;
    };
    let (sent, ()) = tokio::join!(house.submit(files), breaking_off);

    let Err(Error::Input(fault)) = sent else { panic!("{sent:?}") };
    assert_eq!(fault.reason, "upload_incomplete");
    assert_eq!(kenya.runs(), 0);
    house.stop().await;
}
