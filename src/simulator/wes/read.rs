//! One run: its log, its state, its cancel.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Redirect, Response},
};
use serde_json::json;

use super::{Dialect, Look, Server, error::Problem, run::Run};
use crate::simulator::{course::Course, upload::Upload};

/// `GET /runs/{run_id}`.
pub(super) async fn get_run_log(
    State(server): State<Server>,
    Path(run_id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let look = server.look(&headers);
    server.with_run(&look, &run_id, |run| Ok(Json(look.run_log(run)).into_response()))
}

/// `GET /runs/{run_id}/status`.
pub(super) async fn get_run_status(
    State(server): State<Server>,
    Path(run_id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let look = server.look(&headers);
    if look.dialect == Dialect::WesService {
        server.conjure(&look, &run_id);
    }
    server.with_run(&look, &run_id, |run| {
        Ok(Json(json!({ "run_id": run.id, "state": look.state(run) })).into_response())
    })
}

/// `POST /runs/{run_id}/cancel`.
pub(super) async fn cancel_run(
    State(server): State<Server>,
    Path(run_id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let look = server.look(&headers);
    match look.dialect {
        // Both say yes to anything and do nothing.
        Dialect::WesService => Json(json!({ "run_id": run_id })).into_response(),
        Dialect::StarterKit => StatusCode::OK.into_response(),
        Dialect::Spec | Dialect::Toil | Dialect::Sapporo | Dialect::Galaxy => {
            server.with_run(&look, &run_id, |run| cancel(&look, run))
        }
    }
}

fn cancel(look: &Look, run: &mut Run) -> Result<Response, Problem> {
    let canceling = run.course.cancel(look.now);
    if !canceling && look.dialect == Dialect::Galaxy {
        // An ended run is not final there: it goes on to CANCELING and CANCELED.
        run.course.canceled_at.get_or_insert(look.now);
    }
    Ok(Json(json!({ "run_id": run.id })).into_response())
}

impl Server {
    /// A status question about an unknown run creates it: it then shows in the list, and runs for ever.
    fn conjure(&self, look: &Look, run_id: &str) {
        let mut runs = self.runs();
        if runs.iter().all(|run| run.id != run_id) {
            let upload = Upload { fields: BTreeMap::new(), files: Vec::new() };
            runs.push(Run::new(run_id.to_owned(), Course::endless(look.now), upload));
        }
    }
}

/// Any other path. Most frameworks send a client with a slash too many to the path without it.
pub(super) async fn unknown_path(State(server): State<Server>, uri: Uri) -> Response {
    let dialect = server.knobs().dialect;
    match uri.path().strip_suffix('/') {
        Some(path) if dialect != Dialect::StarterKit && !path.is_empty() => {
            Redirect::temporary(path).into_response()
        }
        Some(_) | None => {
            let message = "the requested URL was not found on the server";
            dialect.error(&Problem::of_framework(StatusCode::NOT_FOUND, message))
        }
    }
}
