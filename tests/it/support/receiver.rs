//! A receiver of webhooks that checks signatures as Standard Webhooks says, by code of its own, and
//! answers by a script.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};

const KEY: &[u8] = b"a key that only both sides know";

/// What one request is answered with: a status, and `Retry-After` or `Location`.
pub(crate) type Reply = (u16, Option<&'static str>);

/// A webhook that came.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    /// Its `webhook-id`.
    pub(crate) id: String,
    /// Its body.
    pub(crate) body: Value,
    /// When it came.
    pub(crate) at: Instant,
    /// The status that it was answered with.
    pub(crate) answered: u16,
}

/// A receiver on loopback; dropping it ends it.
pub(crate) struct Receiver {
    address: std::net::SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    /// Guards the answers that are still to be given; then 200 is. Held for one look.
    script: Mutex<VecDeque<Reply>>,
    /// Guards what came; held for one change or one copy.
    seen: Mutex<Vec<Webhook>>,
}

impl Receiver {
    /// A receiver that answers so, and then always with 200.
    pub(crate) async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let shared = Arc::new(Shared::default());
        shared.script.lock().expect("no holder panics").extend(script);
        let router = Router::new().fallback(any(receive)).with_state(shared.clone());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        #[expect(clippy::disallowed_methods, reason = "it ends with the test that started it")]
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the socket stays open");
        });
        Self { address, shared, server }
    }

    /// Where webhooks go.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// The secret in the form of Standard Webhooks.
    pub(crate) fn secret() -> String {
        format!("whsec_{}", STANDARD.encode(KEY))
    }

    /// The webhooks that came.
    pub(crate) fn seen(&self) -> Vec<Webhook> {
        self.shared.seen.lock().expect("no holder panics").clone()
    }

    /// The types of the webhooks that were taken.
    pub(crate) fn taken(&self) -> Vec<String> {
        let taken = self.seen().into_iter().filter(|webhook| webhook.answered == 200);
        taken.map(|webhook| webhook.body["type"].as_str().unwrap_or("?").to_owned()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: String) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let signed = format!("{}.{}.{body}", text("webhook-id"), text("webhook-timestamp"));
    let signature = text("webhook-signature").strip_prefix("v1,").unwrap_or_default();
    let signature = STANDARD.decode(signature).unwrap_or_default();
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY);
    let genuine = hmac::verify(&key, signed.as_bytes(), &signature).is_ok();
    let (status, extra) = match genuine {
        true => shared.script.lock().expect("no holder panics").pop_front().unwrap_or((200, None)),
        false => (401, None),
    };
    shared.seen.lock().expect("no holder panics").push(Webhook {
        id: text("webhook-id").to_owned(),
        body: serde_json::from_str(&body).unwrap_or_default(),
        at: Instant::now(),
        answered: status,
    });
    let name = if status == 307 { header::LOCATION } else { header::RETRY_AFTER };
    let status = StatusCode::from_u16(status).expect("the script holds statuses");
    match extra {
        Some(value) => (status, [(name, value)]).into_response(),
        None => status.into_response(),
    }
}
