//! What happens at each bound.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    super::Config,
    TestEdge,
    client::{Client, DEADLINE, status},
    config,
};

const SHORT: Duration = Duration::from_millis(300);

/// Writes a byte every now and then until the server has had enough; how long that took.
async fn drip(client: &mut Client) -> Duration {
    let (mut reader, mut writer) = client.0.split();
    let began = Instant::now();
    let drip = async {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        for byte in b"GET /hello/a HTTP/1.1\r\nX: ".iter().chain(std::iter::repeat(&b'x')) {
            tick.tick().await;
            if writer.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
    };
    let mut sink = tokio::io::sink();
    let closed = tokio::io::copy(&mut reader, &mut sink);
    let end = async {
        tokio::select! {
            () = drip => {}
            _ = closed => {}
        }
    };
    tokio::time::timeout(DEADLINE, end).await.expect("the server closes in time");
    began.elapsed()
}

#[tokio::test]
async fn a_dripping_head_is_cut_on_a_fresh_connection() {
    let edge = TestEdge::start(Config { header_timeout: SHORT, ..config() });
    let mut client = Client::connect(edge.running.address).await;

    let lasted = drip(&mut client).await;

    assert!(lasted >= SHORT - Duration::from_millis(50), "{lasted:?}");
}

#[tokio::test]
async fn a_dripping_head_is_cut_on_a_kept_connection() {
    let edge = TestEdge::start(Config { header_timeout: SHORT, ..config() });
    let mut client = Client::connect(edge.running.address).await;
    client.get("/hello/ann", "").await;

    let lasted = drip(&mut client).await;

    assert!(lasted >= SHORT - Duration::from_millis(50), "{lasted:?}");
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let edge = TestEdge::start(Config { header_timeout: SHORT, ..config() });
    let mut client = Client::connect(edge.running.address).await;

    assert_eq!(client.closed().await, "");
}

#[tokio::test]
async fn an_idle_connection_outlives_the_head_deadline_but_not_its_own() {
    let idle_timeout = Duration::from_millis(900);
    let edge = TestEdge::start(Config { header_timeout: SHORT, idle_timeout, ..config() });
    let mut client = Client::connect(edge.running.address).await;
    client.get("/hello/ann", "").await;
    let began = Instant::now();

    assert_eq!(client.closed().await, "");

    assert!(began.elapsed() > SHORT * 2, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_large_head_is_refused() {
    let edge = TestEdge::start(Config { max_header_bytes: 8192, ..config() });
    for (bytes, expected) in [(7_000, "200"), (9_000, "431"), (40_000, "431")] {
        let mut client = Client::connect(edge.running.address).await;

        let answer = client.get("/hello/ann", &format!("X: {}\r\n", "x".repeat(bytes))).await;

        assert_eq!(status(&answer), expected, "{bytes}: {answer:.300}");
    }
}

#[tokio::test]
async fn many_headers_are_refused() {
    let edge = TestEdge::start(config());
    for (count, expected) in [(90, "200"), (101, "431")] {
        let mut client = Client::connect(edge.running.address).await;

        let answer = client.get("/hello/ann", &"X: y\r\n".repeat(count)).await;

        assert_eq!(status(&answer), expected, "{count}");
    }
}

#[tokio::test]
async fn connections_beyond_the_bound_get_503_until_one_leaves() {
    let edge = TestEdge::start(Config { max_connections: 2, ..config() });
    let mut first = Client::connect(edge.running.address).await;
    first.get("/hello/ann", "").await;
    let mut second = Client::connect(edge.running.address).await;
    second.get("/hello/ben", "").await;

    let refused = Client::connect(edge.running.address).await.closed().await;
    drop(first);

    assert_eq!(status(&refused), "503");
    assert!(refused.contains(r#""reason":"too_many_connections""#), "{refused}");
    let began = Instant::now();
    while status(&Client::connect(edge.running.address).await.get("/hello/eve", "").await) != "200"
    {
        assert!(began.elapsed() < DEADLINE, "no place became free");
    }
}

#[tokio::test]
async fn a_body_too_large_by_its_length_is_refused_unread() {
    let edge = TestEdge::start(Config { max_body_bytes: 10, ..config() });
    let mut client = Client::connect(edge.running.address).await;

    client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n").await;

    let answer = client.answer().await;
    assert_eq!(status(&answer), "413");
    assert!(answer.contains(r#""reason":"body_too_large""#), "{answer}");
}

#[tokio::test]
async fn a_body_too_large_by_count_is_refused() {
    let edge = TestEdge::start(Config { max_body_bytes: 10, ..config() });
    for (chunk, expected) in [("a\r\n0123456789", "200"), ("b\r\n0123456789a", "413")] {
        let mut client = Client::connect(edge.running.address).await;

        client.send("POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        client.send(&format!("{chunk}\r\n0\r\n\r\n")).await;

        assert_eq!(status(&client.answer().await), expected, "{chunk}");
    }
}

#[tokio::test]
async fn an_early_answer_is_not_lost_while_the_client_still_sends() {
    let edge = TestEdge::start(Config { max_body_bytes: 10, ..config() });
    let mut client = Client::connect(edge.running.address).await;

    let head = "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 20000000\r\n\r\n";
    client.send(head).await;
    client.0.write_all(&vec![0; 20_000_000]).await.unwrap();

    assert_eq!(status(&client.answer().await), "413");
}

#[tokio::test]
async fn a_stalled_upload_is_cut() {
    let edge = TestEdge::start(Config { body_stall_timeout: SHORT, ..config() });
    let mut client = Client::connect(edge.running.address).await;

    client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc").await;

    let answer = client.answer().await;
    assert_eq!(status(&answer), "408");
    assert!(answer.contains(r#""reason":"body_stalled""#), "{answer}");
}

#[tokio::test]
async fn a_slow_but_steady_upload_passes() {
    let edge = TestEdge::start(Config { body_stall_timeout: SHORT, ..config() });
    let mut client = Client::connect(edge.running.address).await;
    client.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n").await;

    let mut tick = tokio::time::interval(SHORT / 3);
    for _ in 0..10 {
        tick.tick().await;
        client.send("x").await;
    }

    assert!(client.answer().await.ends_with("\r\n\r\n10"));
}

#[tokio::test]
async fn a_handler_that_takes_its_time_does_not_make_the_upload_a_stalled_one() {
    let edge = TestEdge::start(Config { body_stall_timeout: SHORT, ..config() });
    let mut client = Client::connect(edge.running.address).await;
    client.send("POST /pause HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabcde").await;
    tokio::time::timeout(DEADLINE, edge.entered.notified()).await.unwrap();

    tokio::time::sleep(SHORT * 2).await;
    edge.release.notify_one();
    client.send("fghij").await;

    assert!(client.answer().await.ends_with("\r\n\r\n10"));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut() {
    let edge = TestEdge::start(Config { body_stall_timeout: SHORT, ..config() });
    let mut client = Client::connect(edge.running.address).await;

    client.send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n").await;

    let given_up = tokio::time::timeout(DEADLINE, edge.entered.notified()).await;
    given_up.expect("the answer is given up in time");
}

#[tokio::test]
async fn an_upgraded_connection_has_its_own_deadlines_and_keeps_its_place() {
    let limits =
        Config { header_timeout: SHORT, idle_timeout: SHORT, max_connections: 1, ..config() };
    let edge = TestEdge::start(limits);
    let mut client = Client::connect(edge.running.address).await;
    client
        .send("GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n")
        .await;
    client.send("Content-Length: 0\r\n\r\n").await;
    let mut head = [0; 12];
    client.0.read_exact(&mut head).await.unwrap();

    tokio::time::sleep(SHORT * 3).await;
    client.send("still here").await;
    let other = Client::connect(edge.running.address).await.closed().await;

    assert_eq!(&head, b"HTTP/1.1 101");
    let mut seen = String::new();
    while !seen.ends_with("still here") {
        let mut byte = [0];
        let read = tokio::time::timeout(DEADLINE, client.0.read_exact(&mut byte)).await;
        read.expect("an echo in time").unwrap();
        seen.push(char::from(byte[0]));
    }
    assert_eq!(status(&other), "503");
}
