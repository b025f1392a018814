//! A Cloudgene server, version 2 or 3: what Michigan-type imputation servers run on.
//!
//! The state of every job is a pure function of its timeline and of the time; nothing runs.

mod access;
mod apps;
mod archive;
mod ending;
mod failure;
mod files;
mod job;
mod jobs;
mod knobs;
mod object_store;
mod panels;
mod params;
mod password;
mod results;
mod server_info;
mod state;
mod steps;
mod store;
mod submit;
mod upload;
mod users;
mod wire;

#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, StatusCode};
use tokio_util::sync::CancellationToken;

use self::{
    failure::{Failure, FailureAt},
    store::Store,
};
use super::{Knobs, Submissions, knobs_from};
use crate::domain::{Clock, SystemClock};

pub use self::knobs::{CloudgeneKnobs, ListedAs, Outcome, TokenState};

/// Builds the routes.
pub(super) fn build(
    generation: u8,
    settings: &[(String, String)],
    submissions: Submissions,
    stop: CancellationToken,
) -> Result<(Router, Knobs), String> {
    let (shared, knobs) = knobs_from(CloudgeneKnobs::of_generation(generation), settings)?;
    let base_path = shared.lock().expect("no holder panics").base_path.clone();
    let base_path = base_path.trim_end_matches('/').to_owned();
    if !base_path.is_empty() && !base_path.starts_with('/') {
        return Err(format!("the base path `{base_path}` does not begin with a slash"));
    }
    let mut rng = fastrand::Rng::new();
    let server = Arc::new(Server {
        generation,
        base_path: base_path.clone(),
        secret: std::array::from_fn(|_| rng.u8(..)),
        knobs: shared,
        store: Mutex::new(Store::new(rng)),
        submissions,
        stop,
        clock: Arc::new(SystemClock),
    });
    let routes = routes(&server);
    let router = if base_path.is_empty() { routes } else { Router::new().nest(&base_path, routes) };
    Ok((router, knobs))
}

/// A server.
struct Server {
    generation: u8,
    base_path: String,
    /// Signs tokens and addresses of the object store.
    secret: [u8; 32],
    /// Guards the knobs; held for one read or one change.
    knobs: Arc<Mutex<CloudgeneKnobs>>,
    /// Guards jobs and tokens; held for one request's reading or writing, never across an await.
    store: Mutex<Store>,
    submissions: Submissions,
    stop: CancellationToken,
    clock: Arc<dyn Clock>,
}

type Shared = Arc<Server>;
type Answer = Result<Response, Failure>;

impl Server {
    /// Milliseconds since the epoch, by our clock.
    fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// The knobs as they are turned now.
    fn knobs(&self) -> CloudgeneKnobs {
        self.knobs.lock().expect("no holder panics").clone()
    }

    /// The jobs and tokens, after all that was bound to happen has happened.
    fn store(&self, now: i64) -> MutexGuard<'_, Store> {
        let mut store = self.store.lock().expect("no holder panics");
        store.look(now, &mut self.knobs.lock().expect("no holder panics"));
        store
    }

    /// How the clocks and words of this server translate into JSON at a time.
    fn view(&self, now: i64, knobs: &CloudgeneKnobs) -> wire::View {
        wire::View {
            generation: self.generation,
            now,
            skew: knobs.clock_skew_ms,
            retention: store::retention(knobs),
            in_object_store: knobs.s3_redirect,
        }
    }

    /// An error answer.
    fn refuse(&self, failure: Failure, path: &str) -> Response {
        FailureAt { failure, generation: self.generation, path }.into_response()
    }

    /// Never answers; the connection ends with the simulator, or with the caller's patience.
    async fn hang(&self) -> Response {
        self.stop.cancelled().await;
        close_connection()
    }
}

/// Ends the connection without an answer. Unwinding ends the connection's task, and so its socket.
fn close_connection() -> ! {
    std::panic::resume_unwind(Box::new("the simulator closes the connection"))
}

fn routes(server: &Shared) -> Router {
    let mut routes = Router::new()
        .route("/api/v2/server", get(server_info::server))
        .route("/api/v2/server/version.svg", get(server_info::version))
        .route("/api/v2/server/counters", get(server_info::counters))
        .route("/api/v2/server/apps", get(server_info::installed_apps))
        .route("/api/v2/server/apps/{app}", get(server_info::app))
        .route("/api/v2/importer/files", post(server_info::importer))
        .route("/api/v2/tokens/verify", post(users::verify))
        .route("/login", post(users::login))
        .route("/api/v2/users/{user}/profile", get(users::profile))
        .route(
            "/api/v2/users/{user}/api-token",
            post(users::create_token).delete(users::revoke_token),
        )
        .route("/api/v2/jobs", get(jobs::list))
        .route("/api/v2/jobs/{job}", get(jobs::details).delete(jobs::delete))
        .route("/api/v2/jobs/{job}/status", get(jobs::status))
        .route("/api/v2/jobs/{job}/cancel", get(jobs::cancel))
        .route("/api/v2/jobs/{job}/restart", get(jobs::restart))
        .route("/logs/{job}", get(jobs::log))
        .route("/share/results/{hash}/{*name}", get(results::share))
        .route("/downloads/{job}/{hash}/{*name}", get(results::download));
    routes = if server.generation == 2 {
        routes
            .route("/results/{job}/{output}/{name}", get(results::result))
            .route("/get/{output}/{hash}", get(results::script))
    } else {
        routes
            .route("/browse/{hash}/{*name}", get(results::browse))
            .route("/get/{hash}", get(results::script))
    };
    routes
        .layer(from_fn_with_state(server.clone(), misbehave))
        .route("/api/v2/jobs/submit/{app}", post(submit::submit))
        .route("/_s3/results/{job}/{*name}", get(object_store::object))
        .route("/_sim/leaks", get(object_store::leaks))
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .with_state(server.clone())
}

/// What the knobs do to all calls but uploads.
async fn misbehave(State(server): State<Shared>, request: Request, next: Next) -> Response {
    let knobs = server.knobs();
    if knobs.hang {
        return server.hang().await;
    }
    if knobs.read_delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(knobs.read_delay_ms)).await;
    }
    match knobs.fail_reads_with {
        Some(status) => failure::injected(status, &knobs, server.generation, request.uri().path()),
        None => next.run(request).await,
    }
}

async fn unknown_route(State(server): State<Shared>, request: Request) -> Response {
    // Micronaut asks who calls before it tells that there is no such route.
    let failure = match access::caller(&server, request.headers()) {
        Err(failure) if server.generation == 3 => failure,
        _ => Failure::Framework(StatusCode::NOT_FOUND),
    };
    server.refuse(failure, request.uri().path())
}

async fn wrong_method(State(server): State<Shared>, request: Request) -> Response {
    server.refuse(Failure::Framework(StatusCode::METHOD_NOT_ALLOWED), request.uri().path())
}

/// Turns what a handler says into a response.
fn answer(server: &Server, path: &str, answer: Answer) -> Response {
    answer.unwrap_or_else(|failure| server.refuse(failure, path))
}

/// A header as text.
fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
