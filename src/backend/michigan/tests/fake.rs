//! A server on a real socket whose answers are a function, and that remembers what it was asked.

use std::{
    io,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Response, header};
use http_body_util::{BodyExt, Full};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

/// What was asked.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Method, path and query, such as `GET /api/v2/jobs?page=1`.
    pub(super) line: String,
    /// The token that was shown.
    pub(super) token: Option<String>,
    /// The body as text.
    pub(super) body: String,
}

/// What is answered.
pub(super) enum Reply {
    Json(u16, Value),
    Text(u16, &'static str),
    Redirect(u16, String),
    /// The connection is closed without an answer.
    Lost,
    /// No answer ever comes.
    Silence,
}

/// A server; it stops when it is dropped.
pub(super) struct Fake {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    server: JoinHandle<()>,
}

impl Fake {
    /// Starts a server. The script gets method, path and query in one line.
    pub(super) async fn start(script: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script = Arc::new(script);
        let log = seen.clone();
        let serve = async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (script, log) = (script.clone(), log.clone());
                let service = service_fn(move |request| {
                    let (script, log) = (script.clone(), log.clone());
                    async move { answer(request, &*script, &log).await }
                });
                connections
                    .spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        };
        #[expect(clippy::disallowed_methods, reason = "the fake owns it and stops it when dropped")]
        let server = tokio::spawn(serve);
        Self { url, seen, server }
    }

    /// Everything that was asked, in order.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The lines of everything that was asked, in order.
    pub(super) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(
    request: http::Request<hyper::body::Incoming>,
    script: &impl Fn(&str) -> Reply,
    log: &Mutex<Vec<Seen>>,
) -> io::Result<Response<Full<Bytes>>> {
    let line = format!("{} {}", request.method(), request.uri());
    let token = request.headers().get("x-auth-token");
    let token = token.map(|token| token.to_str().unwrap().to_owned());
    let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    log.lock().unwrap().push(Seen { line: line.clone(), token, body });

    let response = Response::builder();
    let response = match script(&line) {
        Reply::Json(status, body) => response
            .status(status)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into()),
        Reply::Text(status, body) => response.status(status).body(body.into()),
        Reply::Redirect(status, to) => {
            response.status(status).header(header::LOCATION, to).body(Full::default())
        }
        Reply::Lost => return Err(io::ErrorKind::ConnectionReset.into()),
        Reply::Silence => std::future::pending().await,
    };
    Ok(response.unwrap())
}
