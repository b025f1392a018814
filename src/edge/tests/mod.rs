//! The edge over real sockets.

mod client;
mod lifecycle;
mod limits;
mod requests;
mod tls;

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::Body,
    extract::Path,
    routing::{get, post},
};
use futures_util::StreamExt as _;
use http::StatusCode;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Config, Edge, Running};
use crate::telemetry::{PeerAddress, RequestId};

/// An edge on free ports that stops when it is dropped.
struct TestEdge {
    running: Running,
    shutdown: CancellationToken,
    /// Told when a request to `/slow` came in.
    entered: Arc<Notify>,
    /// Lets `/slow` answer.
    release: Arc<Notify>,
}

impl TestEdge {
    fn start(config: Config) -> Self {
        let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let shutdown = CancellationToken::new();
        let api = api(Arc::clone(&entered), Arc::clone(&release));
        let ops = Router::new().route("/livez", get(async || "alive"));
        let running = Edge::start(config, api, ops, shutdown.clone()).unwrap();
        Self { running, shutdown, entered, release }
    }
}

impl Drop for TestEdge {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Short deadlines, free ports.
fn config() -> Config {
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        ops_listen: "127.0.0.1:0".parse().unwrap(),
        threads: 1,
        grace_period: Duration::from_secs(5),
        ..Config::default()
    }
}

fn api(entered: Arc<Notify>, release: Arc<Notify>) -> Router {
    let (flooded, paused, resumed) = (entered.clone(), entered.clone(), release.clone());
    let slow = async move || {
        entered.notify_one();
        release.notified().await;
        "done"
    };
    let pause = async move |body: Body| {
        paused.notify_one();
        resumed.notified().await;
        count(body).await
    };
    let flood = async move || {
        let told = TellDrop(flooded);
        Body::from_stream(futures_util::stream::repeat_with(move || {
            let _ = &told;
            Ok::<_, std::io::Error>(vec![0; 65_536])
        }))
    };
    Router::new()
        .route("/hello/{name}", get(async |Path(name): Path<String>| format!("hello {name}")))
        .route("/who", get(who))
        .route("/panic", get(async || -> String { panic!("on purpose") }))
        .route("/slow", get(slow))
        .route("/pause", post(pause))
        .route("/flood", get(flood))
        .route("/upgrade", get(upgrade))
        .route("/count", post(count))
        .route("/echo", post(async |body: Body| body))
}

async fn who(
    Extension(id): Extension<RequestId>,
    Extension(peer): Extension<PeerAddress>,
) -> String {
    let ip = peer.address.map(|address| address.ip().to_string()).unwrap_or_default();
    format!("{id} {ip} {}", peer.tls)
}

async fn count(body: Body) -> Result<String, StatusCode> {
    let mut body = body.into_data_stream();
    let mut bytes = 0;
    while let Some(data) = body.next().await {
        bytes += data.map_err(|_| StatusCode::IM_A_TEAPOT)?.len();
    }
    Ok(bytes.to_string())
}

/// Tells when the answer that holds it is given up.
struct TellDrop(Arc<Notify>);

impl Drop for TellDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Becomes an echo of bytes, as a websocket would.
async fn upgrade(request: axum::extract::Request) -> http::Response<Body> {
    #[expect(clippy::disallowed_methods, reason = "ends with its stream")]
    tokio::spawn(async {
        let stream = hyper::upgrade::on(request).await.unwrap();
        let (mut reader, mut writer) = tokio::io::split(hyper_util::rt::TokioIo::new(stream));
        tokio::io::copy(&mut reader, &mut writer).await
    });
    http::Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header("connection", "upgrade")
        .header("upgrade", "echo")
        .body(Body::empty())
        .unwrap()
}
