//! Software that others wrote, on both sides of the gateway: it accepts us, and we accept it.

mod dnastack_library;
mod imputation;
mod reference_client;
mod toil_runner;

pub(crate) use self::dnastack_library::token_endpoint;

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{TestGateway, program::succeed, real, real::RealServer};

/// A gateway in front of one real server. Python starts a process per call, on a machine that is busy
/// with other tests; so it is given more time than a simulator.
async fn gateway_before(server: &RealServer) -> TestGateway {
    let service = json!({
        "id": "real",
        "kind": "wes",
        "url": server.origin(),
        "jurisdiction": "ZA",
        "credential": {"type": "none"},
    });
    let patient = json!({
        "client": {"answer_timeout": "30s", "submit_timeout": "30s", "stall_timeout": "30s"},
        "gateway": {"lost_after": "60s"},
        "health": {"timeout": "30s"},
    });
    TestGateway::start_configured(vec![service], patient).await
}

/// What `curl` prints, once the answer is a success.
async fn curl(token: &str, arguments: &[&str]) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail-with-body", "--noproxy", "*"]);
    curl.args(["--header", &format!("Authorization: Bearer {token}")]);
    succeed(curl.args(arguments)).await
}

/// The full path of a file of `tests/real`.
fn path(name: &str) -> String {
    real::file(name).to_string_lossy().into_owned()
}

/// The URL of the output that is called `name`, however deep it stands among the outputs.
fn url_of(outputs: &Value, name: &str) -> Option<String> {
    match outputs {
        Value::Object(members) if members.get("name").is_some_and(|own| own == name) => {
            members.get("url")?.as_str().map(str::to_owned)
        }
        Value::Object(members) => members.values().find_map(|value| url_of(value, name)),
        Value::Array(items) => items.iter().find_map(|value| url_of(value, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
