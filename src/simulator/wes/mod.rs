//! A plain WES server, in the dialect of one of the real ones.

mod auth;
mod dialect;
mod download;
mod error;
mod list;
mod read;
mod run;
mod run_log;
mod service_info;
mod submit;
mod tasks;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderMap, StatusCode, header},
    middleware,
    response::Response,
    routing::{get, post},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

pub use self::{auth::Auth, dialect::Dialect};
use self::{error::Problem, run::Run};
use super::{
    Knobs, Submissions,
    behavior::{Behavior, Host, behave},
    knobs_from,
};
use crate::domain::{Clock, SystemClock};

/// Where all real WES servers have their API.
const BASE: &str = "/ga4gh/wes/v1";

/// What can be set.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct WesKnobs {
    /// Which real server it behaves like.
    pub dialect: Dialect,
    /// Which credential it asks for.
    pub auth: Auth,
    /// The bearer token that it accepts.
    pub token: String,
    /// The user name that it accepts with basic authentication.
    pub username: String,
    /// The password that goes with it.
    pub password: String,
    /// How many tasks a run has.
    pub tasks: usize,
    /// Size of the output file `result.bin` in bytes.
    pub output_bytes: u64,
    /// The knobs that all kinds share.
    #[serde(flatten)]
    pub behavior: Behavior,
}

impl Default for WesKnobs {
    fn default() -> Self {
        Self {
            dialect: Dialect::Spec,
            auth: Auth::None,
            token: "simulated-token".to_owned(),
            username: "simulated-user".to_owned(),
            password: "simulated-password".to_owned(),
            tasks: 3,
            output_bytes: 64 * 1024,
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
    let (shared, knobs) = knobs_from(WesKnobs::default(), settings)?;
    let server = Server { knobs: shared, runs: Arc::default(), submissions, stop };
    Ok((routes(server), knobs))
}

fn routes(server: Server) -> Router {
    let api = Router::new()
        .route("/service-info", get(service_info::get_service_info))
        .route("/runs", get(list::list_runs).post(submit::run_workflow))
        .route("/runs/{run_id}", get(read::get_run_log))
        .route("/runs/{run_id}/status", get(read::get_run_status))
        .route("/runs/{run_id}/cancel", post(read::cancel_run))
        .route("/runs/{run_id}/tasks", get(tasks::list_tasks))
        .route("/runs/{run_id}/tasks/{task_id}", get(tasks::get_task))
        .route("/runs/{run_id}/logs/{stream}", get(download::run_log))
        .route("/runs/{run_id}/tasks/{task_id}/logs/{stream}", get(download::task_log))
        .route("/runs/{run_id}/outputs/{*path}", get(download::output));
    Router::new()
        .nest(BASE, api)
        .route("/toil/wes/v1/logs/{run_id}/{stream}", get(download::toil_log))
        .route("/logs/nextflow/{stream}/{run_id}", get(download::starter_kit_log))
        .route("/api/jobs/{job_id}/{stream}", get(download::galaxy_log))
        .fallback(read::unknown_path)
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(server.clone(), auth::authenticate))
        .layer(middleware::from_fn_with_state(server.clone(), behave::<Server>))
        .with_state(server)
}

/// The running server. Clones are the same one.
#[derive(Clone)]
struct Server {
    knobs: Arc<Mutex<WesKnobs>>,
    /// Guards the runs, oldest first; held for one request's reading or change, never across an await.
    runs: Arc<Mutex<Vec<Run>>>,
    submissions: Submissions,
    stop: CancellationToken,
}

/// What a handler needs to know besides its run.
struct Look {
    knobs: WesKnobs,
    dialect: Dialect,
    now: Timestamp,
    /// Scheme and host under which the client sees the server.
    origin: String,
}

impl Server {
    fn knobs(&self) -> WesKnobs {
        self.knobs.lock().expect("no holder panics").clone()
    }

    fn runs(&self) -> MutexGuard<'_, Vec<Run>> {
        self.runs.lock().expect("no holder panics")
    }

    fn look(&self, headers: &HeaderMap) -> Look {
        let knobs = self.knobs();
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let origin = format!("http://{}", host.unwrap_or("localhost"));
        Look { dialect: knobs.dialect, now: SystemClock.now(), origin, knobs }
    }

    /// Answers with what a closure finds in the run.
    fn with_run(
        &self,
        look: &Look,
        run_id: &str,
        answer: impl FnOnce(&mut Run) -> Result<Response, Problem>,
    ) -> Response {
        let mut runs = self.runs();
        let found = match runs.iter_mut().find(|run| run.id == run_id) {
            Some(run) => answer(run),
            None => Err(look.dialect.unknown_run(run_id)),
        };
        found.unwrap_or_else(|problem| look.dialect.error(&problem))
    }
}

impl Look {
    fn run_url(&self, run_id: &str) -> String {
        format!("{}{BASE}/runs/{run_id}", self.origin)
    }

    /// The word for the run's state that the client sees.
    fn state(&self, run: &Run) -> String {
        match &self.knobs.behavior.show_state {
            Some(word) => word.clone(),
            None => self.dialect.state(run.course.phase(self.now)).to_owned(),
        }
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
        self.knobs().dialect.error(&Problem::new(status, message))
    }
}

#[cfg(test)]
mod tests;
