//! The events of a run: every transition that its course has behind it.

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Look, Problem, Server, run::Run, time};

/// `GET runs/{run_id}/events`.
pub(super) async fn list_events(
    State(server): State<Server>,
    Path((_, run_id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let look = server.look(&headers);
    server.with_run(&run_id, |run| Ok(Json(json!({ "events": look.events(run) }))))
}

impl Look {
    /// What has happened to the run so far, oldest first.
    pub(super) fn events(&self, run: &Run) -> Vec<Value> {
        let course = &run.course;
        let until = course.canceled_at.unwrap_or(self.now).min(self.now);
        let mut events = vec![event(
            course.submitted_at,
            "RUN_SUBMITTED",
            json!({
                "start_time": time(course.submitted_at),
                "state": "QUEUED",
                "workflow_url": run.request.get("workflow_url"),
                "tags": run.request.get("tags"),
                "sample_ids": [],
            }),
        )];
        let mut state = "QUEUED";
        let steps = [
            (course.prepares_at, "PREPROCESSING"),
            (run.initializes_at(), "INITIALIZING"),
            (course.starts_at, "RUNNING"),
        ];
        for (at, next) in steps.into_iter().filter(|(at, _)| *at <= until) {
            events.push(transition(at, state, next, &[]));
            match next {
                "INITIALIZING" => {
                    events.push(event(at, "PREPROCESSING", json!({ "outcome": "SUCCESS" })));
                }
                "RUNNING" => {
                    let metadata = json!({ "external_id": run.external_id });
                    events.push(event(at, "RUN_SUBMITTED_TO_ENGINE", metadata));
                }
                _ => {}
            }
            state = next;
        }
        if let Some(canceled_at) = course.canceled_at {
            events.push(transition(canceled_at, state, "CANCELING", &[]));
            state = "CANCELING";
        }
        if let Some(ended_at) = course.ended_at(self.now) {
            let errors = run.errors(self.now);
            if !errors.is_empty() {
                events.push(event(ended_at, "ERROR_OCCURRED", json!({ "errors": errors })));
            }
            events.push(transition(ended_at, state, &self.state(run), &errors));
        }
        for (number, event) in events.iter_mut().enumerate() {
            event["id"] = Value::from(format!("{}-{number}", run.id));
        }
        events
    }
}

fn transition(at: Timestamp, old: &str, new: &str, errors: &[&str]) -> Value {
    let metadata = json!({ "old_state": old, "new_state": new, "errors": errors });
    event(at, "STATE_TRANSITION", metadata)
}

/// The metadata must name the type once more.
fn event(at: Timestamp, event_type: &str, metadata: Value) -> Value {
    let mut metadata: Map<String, Value> = serde_json::from_value(metadata).unwrap_or_default();
    metadata.insert("event_type".to_owned(), Value::from(event_type));
    json!({
        "event_type": event_type,
        "created_at": time(at),
        "metadata": metadata,
    })
}
