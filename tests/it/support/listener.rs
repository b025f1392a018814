//! Clients that listen to events: server-sent ones and a websocket.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::Value;
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Message, client::IntoClientRequest, handshake::client::Response, protocol::CloseFrame,
    },
};

use super::TestGateway;

/// Longer than anything here takes; a test that waits so long has failed.
const DEADLINE: Duration = Duration::from_secs(30);

/// A listener to server-sent events.
pub(crate) struct Listener {
    body: Incoming,
    /// What came and is not a whole block yet.
    text: String,
    /// The last id that was told, with an event or alone.
    pub(crate) last_id: String,
    /// Head of the answer.
    pub(crate) headers: HeaderMap,
}

impl Listener {
    /// Listens, and expects to be let in.
    pub(crate) async fn open(gateway: &TestGateway, token: &str, query: &str, last: &str) -> Self {
        match Self::try_open(gateway, token, query, last).await {
            Ok(listener) => listener,
            Err((status, body)) => panic!("{status} {body}"),
        }
    }

    /// Listens; the error is the answer of a refusal.
    pub(crate) async fn try_open(
        gateway: &TestGateway,
        token: &str,
        query: &str,
        last: &str,
    ) -> Result<Self, (StatusCode, Value)> {
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
        let request = Request::builder()
            .method(Method::GET)
            .uri(format!("{}/api/v1/events{query}", gateway.base_url()))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header("Last-Event-ID", last)
            .body(Empty::new())
            .expect("the request is a valid one");
        let answer = client.request(request).await.expect("the gateway answers");
        let (head, body) = answer.into_parts();
        if head.status != StatusCode::OK {
            let body = body.collect().await.expect("a whole answer").to_bytes();
            return Err((head.status, serde_json::from_slice(&body).expect("JSON")));
        }
        let (text, last_id, headers) = (String::new(), String::new(), head.headers);
        let mut listener = Self { body, text, last_id, headers };
        // The first block holds a retry time and the place, and no event.
        assert!(listener.block().await.is_some_and(|block| block.is_none()));
        Ok(listener)
    }

    /// The next message; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(message) = self.block().await? {
                return Some(message);
            }
        }
    }

    /// The next block, with its message if it has one; `None` when the stream has ended.
    async fn block(&mut self) -> Option<Option<Value>> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let line = |name| block.lines().find_map(|line| line.strip_prefix(name));
                if let Some(id) = line("id: ") {
                    id.clone_into(&mut self.last_id);
                }
                let message = line("data: ").map(|data| {
                    let message: Value = serde_json::from_str(data).expect("JSON");
                    assert_eq!(message["type"].as_str(), line("event: "));
                    message
                });
                self.text = rest.to_owned();
                return Some(message);
            }
            let frame = timeout(DEADLINE, self.body.frame()).await.expect("something in time")?;
            let data = frame.ok()?.into_data().expect("data");
            self.text.push_str(std::str::from_utf8(&data).expect("text"));
        }
    }

    /// Reads until a run is in a state; tells its states on the way.
    pub(crate) async fn states_until(&mut self, run_id: &str, last: &str) -> Vec<String> {
        let mut states = Vec::new();
        while states.last().is_none_or(|state| state != last) {
            let message = self.next().await.expect("the stream goes on");
            assert_eq!(message["type"], "run.state");
            if message["data"]["run_id"] == run_id {
                states.push(message["data"]["state"].as_str().expect("a state").to_owned());
            }
        }
        states
    }
}

/// A listener over a websocket.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Why the gateway closed it.
    pub(crate) goodbye: Option<CloseFrame>,
}

impl Socket {
    /// Listens as a browser does, which shows its token as a subprotocol.
    pub(crate) async fn open(gateway: &TestGateway, token: &str, query: &str) -> (Self, Response) {
        let url = format!("{}/api/v1/events/ws{query}", gateway.base_url());
        let mut request = url.replace("http:", "ws:").into_client_request().expect("a URL");
        let protocols = format!("bearer, {token}").parse().expect("a token is plain");
        request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocols);
        let (stream, answer) = connect_async(request).await.expect("a websocket opens");
        (Self { stream, goodbye: None }, answer)
    }

    /// The next message; `None` when the gateway has closed.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            match timeout(DEADLINE, self.stream.next()).await.expect("something in time")?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).expect("JSON")),
                Message::Close(frame) => self.goodbye = frame,
                Message::Binary(_) | Message::Frame(_) => panic!("not a text"),
                Message::Ping(_) | Message::Pong(_) => {}
            }
        }
    }
}

/// A connection that asks for events and reads no byte of the answer.
pub(crate) async fn deaf(gateway: &TestGateway, token: &str, websocket: bool) -> TcpStream {
    let address = gateway.base_url().replace("http://", "");
    let (path, upgrade) = match websocket {
        true => (
            "/api/v1/events/ws",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        ),
        false => ("/api/v1/events", ""),
    };
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    // What it does not read fills its buffers the sooner.
    socket.set_recv_buffer_size(4096).expect("a size");
    let mut stream = socket.connect(address.parse().expect("an address")).await.expect("a server");
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n{upgrade}\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("the gateway reads");
    stream
}
