//! Cancels and deletes runs, one by one or many at once.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};

use super::{Look, Problem, Server};

/// `POST runs/{run_id}/cancel`.
pub(super) async fn cancel_one(
    State(server): State<Server>,
    Path((_, run_id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    server.cancel(&server.look(&headers), &run_id).map(Json)
}

/// `POST runs/cancel` with a list of ids.
pub(super) async fn cancel_many(
    State(server): State<Server>,
    headers: HeaderMap,
    Json(ids): Json<Vec<String>>,
) -> Json<Value> {
    let look = server.look(&headers);
    Json(results(ids.iter().map(|id| server.cancel(&look, id))))
}

/// `POST runs/delete` with a list of ids.
pub(super) async fn delete_many(
    State(server): State<Server>,
    headers: HeaderMap,
    Json(ids): Json<Vec<String>>,
) -> Json<Value> {
    let look = server.look(&headers);
    Json(results(ids.iter().map(|id| server.delete(&look, id))))
}

impl Server {
    /// A run that has ended is refused with 409.
    fn cancel(&self, look: &Look, run_id: &str) -> Result<Value, Problem> {
        self.with_run(run_id, |run| {
            if run.course.cancel(look.now) {
                Ok(json!({ "run_id": run.id, "state": look.state(run) }))
            } else {
                let message = format!("the run is already {}", look.state(run));
                Err(Problem(StatusCode::CONFLICT, message))
            }
        })
    }

    fn delete(&self, look: &Look, run_id: &str) -> Result<Value, Problem> {
        self.with_run(run_id, |run| {
            let over = run.course.phase(look.now).is_over();
            let problem = || Problem(StatusCode::CONFLICT, "the run has not ended".to_owned());
            over.then_some(()).ok_or_else(problem)
        })?;
        self.runs().retain(|run| run.id != run_id);
        Ok(json!({ "run_id": run_id }))
    }
}

/// `BatchActionResult` of the vendor's client.
fn results(outcomes: impl Iterator<Item = Result<Value, Problem>>) -> Value {
    let results: Vec<_> = outcomes
        .map(|outcome| match outcome {
            Ok(data) => json!({ "outcome": "SUCCESS", "data": data }),
            Err(problem) => json!({ "outcome": "FAILURE", "exception": problem.body() }),
        })
        .collect();
    json!({ "results": results })
}
