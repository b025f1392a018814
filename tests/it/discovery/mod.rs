//! What lives at an address, and what can be relied upon there.

mod connection;
mod finding;
mod hostile;
mod real_servers;
mod tokens;
mod walking;

use axum::Router;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::TestGateway;

/// Simulators are on this machine, which nobody may look at unless it is allowed.
pub(crate) fn allowed() -> Value {
    json!({"discovery": {"allow_networks": ["127.0.0.1/32"], "timeout": "20s", "answer_timeout": "3s"}})
}

/// What the gateway finds at an address.
async fn discover(gateway: &TestGateway, url: &str, credential: Value) -> Value {
    let body = json!({"url": url, "credential": credential});
    let (status, found) = gateway.operator().post_v1("/services/discover", &body).await;
    assert_eq!(status, StatusCode::OK, "{found}");
    found
}

/// The verdict and the words of a check.
fn check<'a>(card: &'a Value, name: &str) -> (&'a str, &'a str) {
    let checks = card["checks"].as_array().expect("a scorecard has checks");
    let found = checks.iter().find(|check| check["check"] == name);
    let found = found.unwrap_or_else(|| panic!("no check `{name}` in {card}"));
    let text = |member: &str| found[member].as_str().expect("a check has words");
    (text("verdict"), text("detail"))
}

/// Serves routes on a free port until the test ends; the base URL.
async fn serve(router: impl FnOnce(&str) -> Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let router = router(&url);
    #[expect(clippy::disallowed_methods, reason = "it ends with the test that started it")]
    tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    url
}
