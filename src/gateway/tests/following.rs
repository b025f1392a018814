//! What becomes of a run after it was sent.

use super::{
    scripted::{Answer, Scripted},
    *,
};

#[tokio::test]
async fn a_run_whose_answer_was_lost_is_found_and_followed() {
    let kenya = Scripted::new([Answer::LosesReply]);
    let house = House::over(&[("kenya", &kenya)]).await;

    let run_id = house.submit(Files::none()).await.unwrap();
    house.follow();
    house.reaches(run_id, State::Queued).await;
    kenya.all_are(State::Complete);

    house.reaches(run_id, State::Complete).await;
    assert_eq!(kenya.runs(), 1);
    house.stop().await;
}

#[tokio::test]
async fn a_run_that_never_arrived_is_given_up_with_a_reason() {
    let kenya = Scripted::new([Answer::LosesRun]);
    let house = House::over(&[("kenya", &kenya)]).await;

    let run_id = house.submit(Files::none()).await.unwrap();
    house.follow();

    house.reaches(run_id, State::SystemError).await;
    let view = house.gateway.get_run(&amina(), &run_id.to_string()).await.unwrap();
    let last = &view.notes.last().unwrap().message;
    assert!(last.contains("does not know it") && last.contains("Submit it again"), "{last}");
    house.stop().await;
}

#[tokio::test]
async fn a_run_that_its_service_forgets_is_given_up() {
    let kenya = Scripted::new([]);
    let house = House::over(&[("kenya", &kenya)]).await;
    let run_id = house.submit(Files::none()).await.unwrap();
    house.follow();

    kenya.forget_all();

    house.reaches(run_id, State::SystemError).await;
    house.stop().await;
}

#[tokio::test]
async fn an_outage_is_no_time_in_which_a_run_was_missed() {
    let kenya = Scripted::new([]);
    let config = Config { lost_after: Duration::from_secs(2), ..Config::default() };
    let house = House::with(&[("kenya", &kenya)], config).await;
    let run_id = house.submit(Files::none()).await.unwrap();
    house.follow();

    // Not known for a moment, then silence for longer than a run may be missed, then a moment again.
    let runs = kenya.hide_all();
    tokio::time::sleep(Duration::from_millis(100)).await;
    kenya.is_unreachable(true);
    tokio::time::sleep(Duration::from_millis(2500)).await;
    kenya.is_unreachable(false);
    tokio::time::sleep(Duration::from_millis(100)).await;
    kenya.show(runs);

    kenya.all_are(State::Running);
    house.reaches(run_id, State::Running).await;
    house.stop().await;
}

#[tokio::test]
async fn a_wish_to_cancel_reaches_a_run_that_is_found_later() {
    let kenya = Scripted::new([Answer::LosesReply]);
    let house = House::over(&[("kenya", &kenya)]).await;
    let run_id = house.submit(Files::none()).await.unwrap();

    house.gateway.cancel_run(&amina(), &run_id.to_string()).await.unwrap();
    assert_eq!(kenya.cancels(), 0);
    house.follow();

    while kenya.cancels() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    kenya.all_are(State::Canceled);
    house.reaches(run_id, State::Canceled).await;
    house.stop().await;
}

#[tokio::test]
async fn an_ended_run_is_not_canceled() {
    let kenya = Scripted::new([]);
    let house = House::over(&[("kenya", &kenya)]).await;
    let run_id = house.submit(Files::none()).await.unwrap();
    house.follow();
    kenya.all_are(State::Complete);
    house.reaches(run_id, State::Complete).await;

    house.gateway.cancel_run(&amina(), &run_id.to_string()).await.unwrap();

    assert_eq!((kenya.cancels(), house.state(run_id).await), (0, State::Complete));
    house.stop().await;
}

#[tokio::test]
async fn the_results_of_a_run_are_there_once_it_has_ended() {
    let kenya = Scripted::new([]);
    let config = Config { details_fresh_for: Duration::from_secs(60), ..Config::default() };
    let house = House::with(&[("kenya", &kenya)], config).await;
    let run_id = house.submit(Files::none()).await.unwrap();
    let wanted = WantedFile::Output("result".to_owned());
    let (caller, id) = (amina(), run_id.to_string());
    let open = || house.gateway.open_file(&caller, &id, &wanted, None);
    // What the service tells now is remembered for longer than this test takes.
    assert!(matches!(open().await, Err(Error::UnknownFile)));
    house.follow();
    kenya.all_are(State::Complete);
    house.reaches(run_id, State::Complete).await;

    let opened = open().await.unwrap_err();

    assert!(
        !matches!(opened, Error::UnknownFile),
        "the service has it, and says why not: {opened}"
    );
    house.stop().await;
}

#[tokio::test]
async fn a_submission_under_way_is_left_alone() {
    let kenya = Scripted::new([]);
    let house = House::over(&[("kenya", &kenya)]).await;
    house.follow();
    let mut staging = house.gateway.staging();
    staging.begin("a.cwl").unwrap();
    let (files, mut sink) = staging.stream();

    // Longer than a run may be missing: whoever reconciles must see that somebody is busy with it.
    let slow = async move {
        for _ in 0..10 {
            sink.push(bytes::Bytes::from_static(b"x")).await;
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
        sink.finish().await
    };
    let (sent, _) = tokio::join!(house.submit(files), slow);

    house.reaches(sent.unwrap(), State::Queued).await;
    house.stop().await;
}

#[tokio::test]
async fn another_callers_run_is_not_there() {
    let kenya = Scripted::new([]);
    let house = House::over(&[("kenya", &kenya)]).await;
    let run_id = house.submit(Files::none()).await.unwrap().to_string();
    let kofi = Caller::new(CallerId::new("issuer", "kofi"));

    assert!(matches!(house.gateway.get_run(&kofi, &run_id).await, Err(Error::UnknownRun)));
    assert!(matches!(house.gateway.cancel_run(&kofi, &run_id).await, Err(Error::UnknownRun)));
    let wanted = WantedFile::Log { task: None, stderr: false };
    let opened = house.gateway.open_file(&kofi, &run_id, &wanted, None).await;
    assert!(matches!(opened, Err(Error::UnknownRun)));
    house.stop().await;
}
