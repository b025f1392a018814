//! A server on a real socket for the tests of adapters: it answers from a script and keeps what came.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};
use url::Url;

use super::{Client, Config};
use crate::domain::Service;

/// A scripted server. It stops when it is dropped.
#[derive(Debug)]
pub struct Scripted {
    /// Its base URL.
    pub url: Url,
    /// Guards the list; held for one push or one copy.
    seen: Arc<Mutex<Vec<Seen>>>,
    server: tokio::task::JoinHandle<()>,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Method, path and query, such as `GET /runs?page_size=1`.
    pub line: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as text.
    pub body: String,
}

impl Seen {
    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A URL of the server itself.
    pub fn own(&self, path: &str) -> String {
        format!("http://{}{path}", self.header("host").unwrap())
    }
}

impl Scripted {
    /// Starts one that answers from the script. A script that panics breaks the connection.
    pub async fn start(answer: impl Fn(&Seen) -> Response + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (answer, kept) = (Arc::new(answer), seen.clone());
        let router = Router::new().fallback(move |request: Request| {
            let (answer, kept) = (answer.clone(), kept.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let seen = Seen {
                    line: format!("{} {}", head.method, head.uri),
                    headers: head.headers,
                    body: String::from_utf8_lossy(&body).into_owned(),
                };
                kept.lock().unwrap().push(seen.clone());
                answer(&seen)
            }
        });
        #[expect(clippy::disallowed_methods, reason = "it ends with the test that started it")]
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, seen, server }
    }

    /// The requests that came.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The request lines that came.
    pub fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    /// Its record, for an adapter.
    pub fn service(&self, kind: &str, settings: Value) -> Service {
        let settings = settings.as_object().cloned().unwrap_or_else(Map::new);
        let (id, law) = ("test".parse().unwrap(), "ZA".parse().unwrap());
        Service { settings, ..Service::new(id, kind, self.url.clone(), law) }
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A client with the bounds of the product.
pub fn client() -> Client {
    Client::try_new(Config::default()).unwrap()
}

/// A JSON answer.
pub fn json(status: u16, body: Value) -> Response {
    (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
}

/// A page for people.
pub fn page(status: u16) -> Response {
    let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (StatusCode::from_u16(status).unwrap(), html, "<html><h1>Hello</h1></html>").into_response()
}

/// A redirect.
pub fn redirect(status: u16, location: &str) -> Response {
    let location = [(header::LOCATION, location)];
    (StatusCode::from_u16(status).unwrap(), location, Body::empty()).into_response()
}
