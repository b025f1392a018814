//! A DNAstack Workbench: its run API (EWES) with engines, workflows, users and a token endpoint.
//!
//! The vendor publishes no server source: what is here is what its own client sends and accepts.

mod access;
mod engines;
mod events;
mod list;
mod read;
mod run;
mod stop;
mod submit;
mod workflows;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{
    Json, Router,
    extract::DefaultBodyLimit,
    http::{HeaderMap, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::{access::Tokens, run::Run, workflows::Workflow};
use super::{
    Knobs, Submissions,
    behavior::{Behavior, Host, behave},
    knobs_from,
};
use crate::domain::{Clock, SystemClock};

/// What can be set.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct DnastackKnobs {
    /// The one namespace of the account.
    pub namespace: String,
    /// The client id that gets tokens.
    pub client_id: String,
    /// The secret that goes with it.
    pub client_secret: String,
    /// How long a token is good for, in seconds.
    pub token_life_s: u64,
    /// Every call of the API needs a token.
    pub require_token: bool,
    /// A request for a token must name the resource.
    pub require_resource: bool,
    /// The next call is answered with 401, and the tokens given out so far are void. Turns itself off.
    pub refuse_once: bool,
    /// One of the engines is the default one.
    pub default_engine: bool,
    /// The engines fail their health checks.
    pub engines_fail: bool,
    /// Refused submissions are answered with 200 and an error inside, as in a batch.
    pub refuse_inside: bool,
    /// HTTP status with which the creation of a workflow fails.
    pub fail_workflow_with: Option<u16>,
    /// How many tasks a run has.
    pub tasks: usize,
    /// The knobs that all kinds share.
    #[serde(flatten)]
    pub behavior: Behavior,
}

impl Default for DnastackKnobs {
    fn default() -> Self {
        Self {
            namespace: "5d1f7b0c-8f6e-4f0a-9c55-2f9a6f0b7c11".to_owned(),
            client_id: "simulated-client".to_owned(),
            client_secret: "simulated-secret".to_owned(),
            token_life_s: 3600,
            require_token: true,
            require_resource: true,
            refuse_once: false,
            default_engine: true,
            engines_fail: false,
            refuse_inside: false,
            fail_workflow_with: None,
            tasks: 3,
            behavior: Behavior::default(),
        }
    }
}

/// Builds the routes.
pub(super) fn build(
    settings: &[(String, String)],
    submissions: Submissions,
    stop: CancellationToken,
) -> Result<(Router, Knobs), String> {
    let (shared, knobs) = knobs_from(DnastackKnobs::default(), settings)?;
    let server = Server {
        knobs: shared,
        tokens: Tokens::default(),
        runs: Arc::default(),
        workflows: Arc::default(),
        submissions,
        stop,
    };
    Ok((routes(server), knobs))
}

fn routes(server: Server) -> Router {
    // Behind the vendor's front door every service has a path of its own. Here each of these paths,
    // and the root, leads to all of them.
    let doors = ["", "ewes-service", "workflow-service", "workbench-user-service"];
    let services = doors.into_iter().fold(Router::new(), |router, door| match door {
        "" => router.merge(api("")),
        door => router.merge(api(&format!("/services/{door}"))),
    });
    services
        .layer(middleware::from_fn_with_state(server.clone(), access::authorize))
        .route("/oauth/token", post(access::give_token))
        .fallback(unknown_path)
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(server.clone(), behave::<Server>))
        .with_state(server)
}

fn api(prefix: &str) -> Router<Server> {
    let account = format!("{prefix}/{{namespace}}");
    let wes = format!("{account}/ga4gh/wes/v1");
    let run = format!("{wes}/runs/{{run_id}}");
    let engines = format!("{account}/engines");
    let workflows = format!("{account}/workflows");
    Router::new()
        .route(&format!("{prefix}/users/me"), get(access::me))
        .route(&format!("{wes}/service-info"), get(read::service_info))
        .route(&format!("{wes}/runs"), get(list::list_runs).post(submit::submit_one))
        .route(&format!("{wes}/batch"), post(submit::submit_batch))
        .route(&format!("{wes}/runs/cancel"), post(stop::cancel_many))
        .route(&format!("{wes}/runs/delete"), post(stop::delete_many))
        .route(&run, get(read::get_run))
        .route(&format!("{run}/status"), get(read::get_status))
        .route(&format!("{run}/cancel"), post(stop::cancel_one))
        .route(&format!("{run}/events"), get(events::list_events))
        .route(&format!("{run}/tasks"), get(read::list_tasks))
        .route(&format!("{run}/logs/{{stream}}"), get(read::run_log))
        .route(&format!("{run}/tasks/{{task_id}}/logs/{{stream}}"), get(read::task_log))
        .route(&engines, get(engines::list_engines))
        .route(&format!("{engines}/{{engine_id}}"), get(engines::get_engine))
        .route(&format!("{engines}/{{engine_id}}/param-presets"), get(engines::list_presets))
        .route(&format!("{engines}/{{engine_id}}/health-checks"), get(engines::health_checks))
        .route(&workflows, get(workflows::list_workflows).post(workflows::create_workflow))
        .route(&format!("{workflows}/{{workflow_id}}"), get(workflows::get_workflow))
}

/// The running server. Clones are the same one.
#[derive(Clone)]
struct Server {
    knobs: Arc<Mutex<DnastackKnobs>>,
    tokens: Tokens,
    /// Guards the runs, oldest first; held for one request's reading or change, never across an await.
    runs: Arc<Mutex<Vec<Run>>>,
    /// Guards the workflows; held as briefly.
    workflows: Arc<Mutex<Vec<Workflow>>>,
    submissions: Submissions,
    stop: CancellationToken,
}

/// What a handler needs to know besides its run.
struct Look {
    knobs: DnastackKnobs,
    now: Timestamp,
    /// Scheme and host under which the client sees the server.
    origin: String,
}

/// An error, before it is put into a body.
#[derive(Debug)]
struct Problem(StatusCode, String);

impl Problem {
    fn bad_request(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }

    fn not_found(what: &str) -> Self {
        Self(StatusCode::NOT_FOUND, format!("{what} was not found"))
    }

    /// The vendor's error body: `error_code`, not `status_code`, and a trace id.
    fn body(&self) -> Value {
        json!({
            "timestamp": time(SystemClock.now()),
            "msg": self.1,
            "error_code": self.0.as_u16(),
            "trace_id": Uuid::new_v4().simple().to_string(),
        })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.0, Json(self.body())).into_response()
    }
}

impl Server {
    fn knobs(&self) -> DnastackKnobs {
        self.knobs.lock().expect("no holder panics").clone()
    }

    fn runs(&self) -> MutexGuard<'_, Vec<Run>> {
        self.runs.lock().expect("no holder panics")
    }

    fn look(&self, headers: &HeaderMap) -> Look {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let origin = format!("http://{}", host.unwrap_or("localhost"));
        Look { knobs: self.knobs(), now: SystemClock.now(), origin }
    }

    /// What a closure finds in the run.
    fn with_run<T>(
        &self,
        run_id: &str,
        answer: impl FnOnce(&mut Run) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let mut runs = self.runs();
        let run = runs.iter_mut().find(|run| run.id == run_id);
        answer(run.ok_or_else(|| Problem::not_found("the run"))?)
    }
}

impl Host for Server {
    fn behavior(&self) -> Behavior {
        self.knobs().behavior
    }

    fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    fn error(&self, status: StatusCode, message: &str) -> Response {
        Problem(status, message.to_owned()).into_response()
    }
}

async fn unknown_path() -> Problem {
    Problem::not_found("the path")
}

/// Times have milliseconds and a `Z`.
fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests;
