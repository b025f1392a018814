//! Who listens hears what happens: their own, in order, at once, and nothing twice.

use std::time::{Duration, Instant};

use ga4gh_gateway::events::Event;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, task::JoinSet, time::timeout};

use crate::support::{
    RunForm, TestGateway, TestService,
    eventually::eventually,
    listener::{Listener, Socket, deaf},
};

/// An event for everyone, with a text of some length.
fn news(number: usize, length: usize) -> Event {
    let why = Some(format!("{number} {}", "x".repeat(length)));
    Event::ServiceState { service: "ml".parse().expect("an id"), state: "up", why }
}

fn number_of(message: &Value) -> usize {
    let why = message["data"]["why"].as_str().and_then(|why| why.split(' ').next());
    why.and_then(|number| number.parse().ok()).expect("news begin with a number")
}

async fn listeners(gateway: &TestGateway, wanted: usize) {
    eventually("the listeners are counted", async || match gateway.events().listeners() {
        count if count == wanted => Ok(()),
        count => Err(count),
    })
    .await;
}

#[tokio::test]
async fn a_caller_hears_of_their_own_runs_and_of_nobody_elses() {
    let wes = TestService::start("ml", "wes", "ML", &[]).await;
    let gateway = TestGateway::start(&[&wes]).await;
    let mut amina = Listener::open(&gateway, &gateway.token("amina"), "?types=run.state", "").await;
    let mut kofi = Listener::open(&gateway, &gateway.token("kofi"), "?types=run.state", "").await;

    let of_kofi = gateway.client("kofi").submit(RunForm::cwl()).await;
    let heard = kofi.states_until(&of_kofi, "COMPLETE").await;
    let of_amina = gateway.client("amina").submit(RunForm::cwl()).await;

    assert_eq!(heard.first().map(String::as_str), Some("INITIALIZING"));
    assert_eq!(heard.get(1).map(String::as_str), Some("QUEUED"));
    let first = amina.next().await.unwrap();
    assert_eq!(first["data"]["run_id"], of_amina.as_str(), "{first}");
    assert_eq!(amina.headers["content-type"], "text/event-stream");
    assert_eq!(amina.headers["cache-control"], "no-store");
    assert_eq!(amina.headers["x-accel-buffering"], "no");
}

#[tokio::test]
async fn a_canceled_run_is_told_of() {
    let wes = TestService::start("ml", "wes", "ML", &[("run_ms", "60000")]).await;
    let gateway = TestGateway::start(&[&wes]).await;
    let amina = gateway.client("amina");
    let run_id = amina.submit(RunForm::cwl()).await;
    let query = format!("?run_id={run_id}");
    let mut listener = Listener::open(&gateway, &gateway.token("amina"), &query, "").await;

    amina.cancel(&run_id).await;

    let states = listener.states_until(&run_id, "CANCELED").await;
    assert!(states.contains(&"CANCELING".to_owned()), "{states:?}");
}

#[tokio::test]
async fn a_listener_that_comes_back_misses_nothing() {
    let wes = TestService::start("ml", "wes", "ML", &[]).await;
    let gateway = TestGateway::start(&[&wes]).await;
    let token = gateway.token("amina");
    let query = "?types=run.state";
    let mut whole = Listener::open(&gateway, &token, query, "").await;
    // This one leaves before the first event, and the next one after it.
    let none = Listener::open(&gateway, &token, query, "").await.last_id;
    let run_id = gateway.client("amina").submit(RunForm::cwl()).await;
    let mut one = Listener::open(&gateway, &token, query, &none).await;
    let first = one.next().await.unwrap();
    let last_id = one.last_id.clone();
    drop(one);

    let all = whole.states_until(&run_id, "COMPLETE").await;

    let mut again = Listener::open(&gateway, &token, query, &last_id).await;
    let rest = again.states_until(&run_id, "COMPLETE").await;
    assert_eq!(first["data"]["state"], all[0].as_str());
    assert_eq!(rest, all[1..]);
    let (mut socket, _) =
        Socket::open(&gateway, &token, &format!("{query}&last_event_id={last_id}")).await;
    for state in &all[1..] {
        let message = next_event(&mut socket).await;
        assert_eq!(message["data"]["state"], state.as_str());
    }
}

#[tokio::test]
async fn an_id_from_before_a_restart_means_resync() {
    let gateway = TestGateway::start(&[]).await;
    let old = Listener::open(&gateway, &gateway.token("amina"), "", "").await.last_id;
    let gateway = gateway.restart().await;
    let token = gateway.token("amina");

    let mut listener = Listener::open(&gateway, &token, "", &old).await;
    let (mut socket, _) = Socket::open(&gateway, &token, "?last_event_id=nonsense").await;

    for message in [listener.next().await.unwrap(), next_event(&mut socket).await] {
        assert_eq!(
            (&message["type"], &message["data"]["why"]),
            (&json!("resync"), &json!("unknown_id"))
        );
    }
    gateway.events().publish(news(1, 1));
    assert_eq!(number_of(&listener.next().await.unwrap()), 1);
}

#[tokio::test]
async fn a_websocket_tells_the_same() {
    let gateway = TestGateway::start(&[]).await;
    let token = gateway.token("amina");
    let mut stream = Listener::open(&gateway, &token, "", "").await;

    let (mut socket, answer) = Socket::open(&gateway, &token, "").await;
    gateway.events().publish(news(1, 10));

    assert_eq!(answer.headers()["sec-websocket-protocol"], "bearer");
    assert!(!format!("{answer:?}").contains(&token));
    assert_eq!(next_event(&mut socket).await, stream.next().await.unwrap());
}

/// The next message that is no word of the gateway about the place.
async fn next_event(socket: &mut Socket) -> Value {
    loop {
        let message = socket.next().await.expect("the websocket goes on");
        if message["type"] != "position" {
            return message;
        }
    }
}

#[tokio::test]
async fn a_token_that_ends_ends_its_listeners() {
    let gateway = TestGateway::start_with(&[], json!({"auth": {"leeway": "0s"}})).await;
    let token = gateway.token_for("amina", Duration::from_secs(3));
    let began = Instant::now();
    let mut stream = Listener::open(&gateway, &token, "", "").await;
    let (mut socket, _) = Socket::open(&gateway, &token, "").await;
    gateway.events().publish(news(1, 1));

    assert_eq!(number_of(&stream.next().await.unwrap()), 1);
    assert_eq!(number_of(&next_event(&mut socket).await), 1);
    for message in [stream.next().await.unwrap(), next_event(&mut socket).await] {
        assert_eq!(message["type"], "closed");
        assert_eq!(message["data"]["reason"], "token_expired");
    }
    assert_eq!((stream.next().await, socket.next().await), (None, None));

    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    let goodbye = socket.goodbye.expect("a reason");
    assert_eq!((u16::from(goodbye.code), goodbye.reason.as_str()), (1008, "token_expired"));
    let (status, body) = Listener::try_open(&gateway, &token, "", "").await.err().unwrap();
    assert_eq!((status, &body["reason"]), (StatusCode::UNAUTHORIZED, &json!("token_expired")));
}

#[tokio::test]
async fn listeners_are_bounded() {
    let settings = json!({"events": {"max_listeners": 2, "max_listeners_per_caller": 1}});
    let gateway = TestGateway::start_with(&[], settings).await;
    let refusal = async |subject: &str| {
        let refused = Listener::try_open(&gateway, &gateway.token(subject), "", "").await;
        refused
            .err()
            .map(|(status, body)| (status.as_u16(), body["reason"].as_str().unwrap().to_owned()))
    };
    let amina = Listener::open(&gateway, &gateway.token("amina"), "", "").await;
    assert_eq!(refusal("amina").await, Some((429, "too_many_own_listeners".to_owned())));
    let _kofi = Socket::open(&gateway, &gateway.token("kofi"), "").await;
    assert_eq!(refusal("olu").await, Some((503, "too_many_listeners".to_owned())));

    drop(amina);

    listeners(&gateway, 1).await;
    assert_eq!(refusal("olu").await, None);
}

#[tokio::test]
async fn wrong_requests_to_listen_are_refused() {
    let gateway = TestGateway::start(&[]).await;
    let amina = gateway.client("amina");

    for (path, status, reason) in [
        ("/events?types=run.state,weather", 400, "unknown_event_type"),
        ("/events?service=A", 400, "bad_query"),
        ("/events?run_id=7", 400, "bad_query"),
        ("/events/ws", 400, "not_a_websocket"),
    ] {
        let (answered, body) = amina.get_v1(path).await;
        assert_eq!((answered.as_u16(), &body["reason"]), (status, &json!(reason)), "{path}");
    }
    for path in ["/events", "/events/ws"] {
        let (status, body) = gateway.stranger().get_v1(path).await;
        assert_eq!(
            (status.as_u16(), &body["reason"]),
            (401, &json!("missing_credential")),
            "{path}"
        );
    }
    listeners(&gateway, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_does_not_read_slows_nobody_and_is_cut() {
    let settings = json!({"server": {"body_stall_timeout": "1s"}});
    let gateway = TestGateway::start_with(&[], settings).await;
    let token = gateway.token("amina");
    let _stream = deaf(&gateway, &token, false).await;
    let _socket = deaf(&gateway, &token, true).await;
    let mut reader = Listener::open(&gateway, &token, "", "").await;
    listeners(&gateway, 3).await;

    // More than the buffers of two sockets hold.
    for batch in 0..100 {
        let began = Instant::now();
        for number in 0..100 {
            gateway.events().publish(news(batch * 100 + number, 1000));
        }
        for number in 0..100 {
            assert_eq!(number_of(&reader.next().await.unwrap()), batch * 100 + number);
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }

    listeners(&gateway, 1).await;
    gateway.events().publish(news(7, 1));
    assert_eq!(number_of(&reader.next().await.unwrap()), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_reads_late_is_told_to_resync() {
    let gateway = TestGateway::start_with(&[], json!({"events": {"capacity": 64}})).await;
    let mut late = deaf(&gateway, &gateway.token("amina"), false).await;
    listeners(&gateway, 1).await;

    for number in 0..10_000 {
        gateway.events().publish(news(number, 1000));
        if number % 10 == 0 {
            tokio::task::yield_now().await;
        }
    }

    let mut text = String::new();
    let mut buffer = vec![0; 65_536];
    while !text.contains("event: resync") {
        let read = timeout(Duration::from_secs(30), late.read(&mut buffer)).await.unwrap().unwrap();
        assert!(read > 0, "the stream ended");
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    assert!(text.contains("\"why\":\"behind\""));
}

#[tokio::test]
async fn a_websocket_that_does_not_answer_is_closed() {
    let gateway = TestGateway::start_with(&[], json!({"events": {"ping_interval": "1s"}})).await;
    let token = gateway.token("amina");
    let _deaf = deaf(&gateway, &token, true).await;
    let (mut socket, _) = Socket::open(&gateway, &token, "").await;
    listeners(&gateway, 2).await;

    // A client that reads answers pings by itself.
    let reads = async { while next_event(&mut socket).await.is_null() {} };
    tokio::select! {
        () = reads => panic!("something was told"),
        () = listeners(&gateway, 1) => {}
    }
    gateway.events().publish(news(7, 1));
    assert_eq!(number_of(&next_event(&mut socket).await), 7);
}

#[tokio::test]
async fn a_stop_ends_all_streams_at_once() {
    let gateway = TestGateway::start_with(&[], json!({"server": {"grace_period": "60s"}})).await;
    let token = gateway.token("amina");
    let mut stream = Listener::open(&gateway, &token, "", "").await;
    let (mut socket, _) = Socket::open(&gateway, &token, "").await;
    let (_deaf, _deaf_socket) =
        (deaf(&gateway, &token, false).await, deaf(&gateway, &token, true).await);
    listeners(&gateway, 4).await;
    for number in 0..10_000 {
        gateway.events().publish(news(number, 1000));
        if number % 100 == 0 {
            stream.next().await.unwrap();
            next_event(&mut socket).await;
        }
    }
    let began = Instant::now();

    let ends = async {
        while stream.next().await.is_some() {}
        while socket.next().await.is_some() {}
        socket.goodbye.map(|frame| u16::from(frame.code))
    };
    let ((), goodbye) = tokio::join!(gateway.stop(), ends);

    assert_eq!(goodbye, Some(1001));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_never_reads_keeps_no_event_from_five_hundred_others() {
    const LISTENERS: usize = 500;
    const EVENTS: usize = 20;
    let settings = json!({"events": {"max_listeners_per_caller": 100}});
    let gateway = TestGateway::start_with(&[], settings).await;
    let _deaf = deaf(&gateway, &gateway.token("deaf"), false).await;
    let mut open = Vec::new();
    for number in 0..LISTENERS {
        let token = gateway.token(&format!("caller-{}", number % 10));
        open.push(Listener::open(&gateway, &token, "", "").await);
    }
    listeners(&gateway, LISTENERS + 1).await;
    let mut reading = JoinSet::new();
    for mut listener in open {
        reading.spawn(async move {
            for number in 0..EVENTS {
                assert_eq!(number_of(&listener.next().await.unwrap()), number);
            }
        });
    }

    let mut tick = tokio::time::interval(Duration::from_millis(100));
    for number in 0..EVENTS {
        tick.tick().await;
        gateway.events().publish(news(number, 100));
    }

    // How soon is measured by `benches/listeners`.
    let all = timeout(Duration::from_secs(30), reading.join_all()).await;
    assert_eq!(all.expect("all are told").len(), LISTENERS);
}
