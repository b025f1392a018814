//! The same over TLS.

use std::{sync::Arc, time::Duration};

use http::{Request, Version};
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use pingora_core::tls::{ClientTlsStream, TlsConnector};
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::timeout};

use super::{
    super::{Config, Tls},
    TestEdge,
    client::{Client, DEADLINE},
    config,
    requests::spawn,
};

struct Secure {
    edge: TestEdge,
    roots: RootCertStore,
    _files: TempDir,
}

impl Secure {
    fn start(limits: Config) -> Self {
        let files = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let tls =
            Tls { certificate: files.path().join("cert.pem"), key: files.path().join("key.pem") };
        std::fs::write(&tls.certificate, made.cert.pem()).unwrap();
        std::fs::write(&tls.key, made.signing_key.serialize_pem()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let edge = TestEdge::start(Config { tls: Some(tls), ..limits });
        Self { edge, roots, _files: files }
    }

    async fn connect(&self, alpn: &[u8]) -> ClientTlsStream<TcpStream> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![alpn.to_vec()];
        let socket = TcpStream::connect(self.edge.running.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, socket).await.unwrap()
    }
}

#[tokio::test]
async fn http1_is_served_over_tls() {
    let secure = Secure::start(config());
    let stream = TokioIo::new(secure.connect(b"http/1.1").await);
    let (mut client, connection) = hyper::client::conn::http1::handshake(stream).await.unwrap();
    let _connection = spawn(connection);

    let request = Request::get("/who").header("host", "localhost").header("x-request-id", "r");
    let answer = client.send_request(request.body(Empty::<&[u8]>::new()).unwrap()).await.unwrap();

    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "r 127.0.0.1 true");
}

#[tokio::test]
async fn http2_is_served_over_tls() {
    let secure = Secure::start(config());
    let stream = TokioIo::new(secure.connect(b"h2").await);
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let _connection = spawn(connection);

    let big = Full::new(&[1; 3_000_000][..]);
    let request = Request::post("https://localhost/count").body(big).unwrap();
    let answer = client.send_request(request).await.unwrap();

    assert_eq!(answer.version(), Version::HTTP_2);
    assert!(answer.headers().contains_key("x-request-id"));
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "3000000");
}

#[tokio::test]
async fn a_body_too_large_is_refused_over_http2() {
    let secure = Secure::start(Config { max_body_bytes: 10, ..config() });
    let stream = TokioIo::new(secure.connect(b"h2").await);
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let _connection = spawn(connection);

    for _ in 0..2 {
        let request =
            Request::post("https://localhost/count").body(Full::new(&[1; 11][..])).unwrap();
        assert_eq!(client.send_request(request).await.unwrap().status(), 413);
    }
}

#[tokio::test]
async fn an_unused_http2_connection_is_closed() {
    let idle_timeout = Duration::from_millis(300);
    let secure = Secure::start(Config { idle_timeout, ..config() });
    let stream = TokioIo::new(secure.connect(b"h2").await);
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let connection = spawn(connection);
    let request = Request::get("https://localhost/hello/a").body(Full::<&[u8]>::default()).unwrap();
    client.send_request(request).await.unwrap().into_body().collect().await.unwrap();

    let _ = timeout(DEADLINE, connection).await.expect("the server closes in time").unwrap();
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_cut() {
    let header_timeout = Duration::from_millis(300);
    let secure = Secure::start(Config { header_timeout, ..config() });
    let mut client = Client::connect(secure.edge.running.address).await;

    assert_eq!(client.closed().await, "");
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_flight_over_http2() {
    let secure = Secure::start(config());
    let stream = TokioIo::new(secure.connect(b"h2").await);
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    let _connection = spawn(connection);
    let request = Request::get("https://localhost/slow").body(Full::<&[u8]>::default()).unwrap();
    let answer = spawn(client.send_request(request));
    timeout(DEADLINE, secure.edge.entered.notified()).await.unwrap();

    secure.edge.shutdown.cancel();
    secure.edge.release.notify_one();

    let answer = timeout(DEADLINE, answer).await.unwrap().unwrap().unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "done");
    timeout(DEADLINE, secure.edge.running.stopped()).await.unwrap();
}
