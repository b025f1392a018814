//! Where a run is sent, and where it is never sent.

use bytes::Bytes;

use super::{
    scripted::{Answer, Scripted},
    *,
};

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
