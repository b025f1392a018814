//! Start and end.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use axum::Router;
use tokio::{net::TcpStream, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    super::{Config, Edge, Error, Tls},
    TestEdge,
    client::{Client, DEADLINE, status},
    config,
};

fn refused(config: Config) -> Error {
    Edge::start(config, Router::new(), Router::new(), CancellationToken::new()).unwrap_err()
}

#[test]
fn a_taken_port_is_an_error_before_anything_serves() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();

    for config in
        [Config { listen: address, ..config() }, Config { ops_listen: address, ..config() }]
    {
        assert_eq!(refused(config).to_string(), format!("cannot listen on {address}"));
    }
}

#[test]
fn a_bad_certificate_is_an_error_before_anything_serves() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    let one = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let tls = Some(Tls { certificate: certificate.clone(), key: key.clone() });

    for (certificate_text, key_text, expected) in [
        (None, None, "cannot read"),
        (Some("no pem".to_owned()), Some(one.signing_key.serialize_pem()), "cannot be used"),
        (Some(one.cert.pem()), Some("no pem".to_owned()), "cannot read"),
        (Some(one.cert.pem()), Some(other.signing_key.serialize_pem()), "cannot be used"),
    ] {
        for (path, text) in [(&certificate, certificate_text), (&key, key_text)] {
            if let Some(text) = text {
                std::fs::write(path, text).unwrap();
            }
        }

        let error = refused(Config { tls: tls.clone(), ..config() });

        assert!(error.to_string().contains(expected), "{error} {expected}");
    }
}

#[test]
fn a_setting_without_sense_is_an_error() {
    assert!(matches!(refused(Config { threads: 0, ..config() }), Error::Setting(_)));
    assert!(matches!(refused(Config { max_header_bytes: 100, ..config() }), Error::Setting(_)));
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_flight_and_takes_nothing_new() {
    let edge = TestEdge::start(config());
    let mut busy = Client::connect(edge.running.address).await;
    let mut idle = Client::connect(edge.running.address).await;
    idle.get("/hello/ann", "").await;
    busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    timeout(DEADLINE, edge.entered.notified()).await.unwrap();

    edge.shutdown.cancel();

    assert_eq!(idle.closed().await, "");
    let began = Instant::now();
    while TcpStream::connect(edge.running.address).await.is_ok() {
        assert!(began.elapsed() < DEADLINE, "the listener is still open");
        tokio::task::yield_now().await;
    }
    edge.release.notify_one();
    let answer = busy.answer().await;
    assert!(answer.ends_with("\r\n\r\ndone"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    timeout(Duration::from_secs(2), edge.running.stopped()).await.unwrap();
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_after_the_grace_period() {
    let grace_period = Duration::from_millis(300);
    let edge = TestEdge::start(Config { grace_period, ..config() });
    let mut client = Client::connect(edge.running.address).await;
    client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    timeout(DEADLINE, edge.entered.notified()).await.unwrap();
    let began = Instant::now();

    edge.shutdown.cancel();
    timeout(DEADLINE, edge.running.stopped()).await.unwrap();

    assert!(began.elapsed() >= grace_period);
    assert_eq!(client.closed().await, "");
}

#[tokio::test]
async fn an_idle_edge_stops_at_once_and_can_start_again_at_its_port() {
    let first = TestEdge::start(config());
    let listen = first.running.address;
    let began = Instant::now();

    first.shutdown.cancel();
    timeout(DEADLINE, first.running.stopped()).await.unwrap();

    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    let second = TestEdge::start(Config { listen, ..config() });
    assert_eq!(second.running.address, listen);
    let answer = Client::connect(listen).await.get("/hello/ann", "").await;
    assert_eq!(status(&answer), "200");
}
