//! Ordinary requests.

use std::sync::Arc;

use axum::{Router, routing::get};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::Request;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{
    super::{Edge, metered},
    TestEdge,
    client::{Client, status},
    config,
};
use crate::telemetry::Metrics;

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let edge = TestEdge::start(config());
    let mut client = Client::connect(edge.running.address).await;

    let first = client.get("/hello/ann", "").await;
    let second = client.get("/hello/ben", "").await;

    assert!(first.ends_with("\r\n\r\nhello ann"), "{first}");
    assert!(second.ends_with("\r\n\r\nhello ben"), "{second}");
}

#[tokio::test]
async fn operators_have_a_door_of_their_own() {
    let edge = TestEdge::start(config());
    let mut operator = Client::connect(edge.running.ops_address).await;
    let mut caller = Client::connect(edge.running.address).await;

    assert_eq!(status(&operator.get("/livez", "").await), "200");
    assert_eq!(status(&caller.get("/livez", "").await), "404");
    assert_eq!(status(&operator.get("/hello/ann", "").await), "404");
}

#[tokio::test]
async fn a_request_knows_its_id_and_its_peer() {
    let edge = TestEdge::start(config());
    let mut client = Client::connect(edge.running.address).await;

    let named = client.get("/who", "X-Request-Id: abc-1\r\n").await;
    let unnamed = client.get("/who", "X-Request-Id: has spaces\r\n").await;

    assert!(named.contains("\r\nx-request-id: abc-1\r\n"), "{named}");
    assert!(named.ends_with("\r\n\r\nabc-1 127.0.0.1 false"), "{named}");
    let id = unnamed.split("x-request-id: ").nth(1).unwrap().lines().next().unwrap();
    assert_eq!(uuid::Uuid::parse_str(id).unwrap().get_version_num(), 7, "{unnamed}");
    assert!(unnamed.contains(&format!("\r\n\r\n{id} ")), "{unnamed}");
}

#[tokio::test]
async fn a_panic_is_an_answer_and_the_connection_lives() {
    let edge = TestEdge::start(config());
    let mut client = Client::connect(edge.running.address).await;

    let panicked = client.get("/panic", "").await;
    let after = client.get("/hello/ann", "").await;

    assert_eq!(status(&panicked), "500");
    let body = panicked.split("\r\n\r\n").nth(1).unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!((&body["reason"], &body["status_code"]), (&"internal".into(), &500.into()));
    assert!(!panicked.contains("on purpose"), "{panicked}");
    assert_eq!(status(&after), "200");
}

#[tokio::test]
async fn answers_and_panics_are_counted_by_route() {
    let metrics = Arc::new(Metrics::new());
    let router = Router::new()
        .route("/runs/{run_id}", get(async || "run"))
        .route("/panic", get(async || -> String { panic!("on purpose") }));
    let router = metered(router, Arc::clone(&metrics));
    let shutdown = CancellationToken::new();
    let _stop = shutdown.clone().drop_guard();
    let running = Edge::start(config(), router, Router::new(), shutdown).unwrap();
    let mut client = Client::connect(running.address).await;

    for path in ["/runs/1", "/runs/2", "/panic", "/nowhere/3"] {
        client.get(path, "").await;
    }

    let text = metrics.render();
    for line in [
        r#"{method="GET",route="/runs/{run_id}",status="2xx"} 2"#,
        r#"{method="GET",route="/panic",status="5xx"} 1"#,
        r#"{method="GET",route="unmatched",status="4xx"} 1"#,
    ] {
        assert!(text.contains(&format!("http_requests_total{line}")), "{line}\n{text}");
    }
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let edge = TestEdge::start(config());
    for (request, expected, reason) in [
        ("GET /hello/a HTTP/1.1\r\n\r\n", "400", "bad_host"),
        ("GET /hello/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400", "bad_host"),
        ("GET http://b/hello/a HTTP/1.1\r\nHost: a\r\n\r\n", "400", "bad_host"),
        ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", "405", "method_not_allowed"),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "405", "method_not_allowed"),
        ("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n", "400", ""),
        (
            "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "400",
            "",
        ),
        ("POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", "400", ""),
        ("GET /hello/a HTTP/1.1\r\nHost : a\r\n\r\n", "400", ""),
    ] {
        let mut client = Client::connect(edge.running.address).await;
        client.send(request).await;

        let answer = client.answer().await;

        assert_eq!(status(&answer), expected, "{request:?} {answer}");
        assert!(answer.contains(reason), "{request:?} {answer}");
    }
}

#[tokio::test]
async fn a_chunked_request_never_shares_its_connection() {
    let edge = TestEdge::start(config());
    let mut client = Client::connect(edge.running.address).await;

    client
        .send(
            "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n\
             0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
        )
        .await;

    let all = client.closed().await;
    assert_eq!(all.matches("HTTP/1.1").count(), 1, "{all}");
    assert!(all.contains("connection: close"), "{all}");
}

#[tokio::test]
async fn a_body_streams_through_without_being_kept() {
    const CHUNK: usize = 1024 * 1024;
    let edge = TestEdge::start(config());
    let (tx, rx) = futures_channel(1);
    let socket = TcpStream::connect(edge.running.address).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.unwrap();
    let _connection = spawn(connection);
    let request = Request::post("/echo").header("host", "a").body(StreamBody::new(rx)).unwrap();
    tx.send(Bytes::from(vec![7; CHUNK])).await.unwrap();

    // Each chunk is sent only when the one before has come back: a server that collects would wait
    // forever.
    let mut echoed = client.send_request(request).await.unwrap().into_body();
    for round in 1..=64 {
        let mut back = 0;
        while back < CHUNK {
            let frame =
                tokio::time::timeout(super::client::DEADLINE, echoed.frame()).await.unwrap();
            back += frame.unwrap().unwrap().into_data().unwrap().len();
        }
        assert_eq!(back, CHUNK);
        if round < 64 {
            tx.send(Bytes::from(vec![7; CHUNK])).await.unwrap();
        }
    }
    drop(tx);

    assert!(echoed.frame().await.is_none());
}

type Chunks = std::pin::Pin<
    Box<dyn futures_util::Stream<Item = Result<Frame<Bytes>, std::convert::Infallible>> + Send>,
>;

fn futures_channel(size: usize) -> (tokio::sync::mpsc::Sender<Bytes>, Chunks) {
    let (tx, rx) = tokio::sync::mpsc::channel(size);
    let chunks = futures_util::stream::unfold(rx, async |mut rx| {
        let bytes: Bytes = rx.recv().await?;
        Some((Ok(Frame::data(bytes)), rx))
    });
    (tx, chunks.boxed())
}

/// A task that ends with the test.
pub(super) fn spawn<F>(future: F) -> AbortOnDropHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    #[expect(clippy::disallowed_methods, reason = "the test owns it and aborts it when dropped")]
    AbortOnDropHandle::new(tokio::spawn(future))
}
