//! One run: everything, its state, its tasks, its logs.

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    Look, Problem, Server,
    list::{page, parse},
};

/// `GET service-info`.
pub(super) async fn service_info() -> Json<Value> {
    Json(json!({
        "id": "ewes-service",
        "name": "ewes-service",
        "type": { "group": "com.dnastack.workbench", "artifact": "ewes-service", "version": "1.0.0" },
        "organization": { "name": "Example", "url": "https://example.org" },
        "version": "1.0.0",
        "workflow_type_versions": { "WDL": { "workflow_type_version": ["draft-2", "1.0"] } },
        "supported_wes_versions": ["1.0.0"],
    }))
}

/// `GET runs/{run_id}`. The client writes booleans the way Python does.
pub(super) async fn get_run(
    State(server): State<Server>,
    Path((_, run_id)): Path<(String, String)>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let look = server.look(&headers);
    let without_tasks = parse(query.as_deref())
        .iter()
        .any(|(name, value)| name == "exclude_tasks" && value.eq_ignore_ascii_case("true"));
    let url = format!("{}{}", look.origin, uri.path());
    server.with_run(&run_id, |run| Ok(Json(look.run(run, &url, !without_tasks))))
}

/// `GET runs/{run_id}/status`.
pub(super) async fn get_status(
    State(server): State<Server>,
    Path((_, run_id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let look = server.look(&headers);
    server.with_run(&run_id, |run| Ok(Json(json!({ "run_id": run.id, "state": look.state(run) }))))
}

/// `GET runs/{run_id}/tasks`.
pub(super) async fn list_tasks(
    State(server): State<Server>,
    Path((_, run_id)): Path<(String, String)>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let look = server.look(&headers);
    let path = uri.path().trim_end_matches("/tasks");
    let url = format!("{}{path}", look.origin);
    let tasks = server.with_run(&run_id, |run| Ok(look.tasks(run, &url)))?;
    page(&look, &uri, &parse(query.as_deref()), "tasks", tasks).map(Json)
}

/// `GET runs/{run_id}/logs/{stream}?max=&offset=`.
pub(super) async fn run_log(
    State(server): State<Server>,
    Path((_, run_id, stream)): Path<(String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let look = server.look(&headers);
    let stream = stream_name(&stream)?;
    let text = server.with_run(&run_id, |run| Ok(run.log_text(look.now, stream)))?;
    cut(&text, query.as_deref())
}

/// `GET runs/{run_id}/tasks/{task_id}/logs/{stream}?max=&offset=`.
pub(super) async fn task_log(
    State(server): State<Server>,
    Path((_, run_id, task_id, stream)): Path<(String, String, String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let look = server.look(&headers);
    let stream = stream_name(&stream)?;
    let known = server.with_run(&run_id, |run| Ok(look.has_task(run, &task_id)))?;
    if !known {
        return Err(Problem::not_found("the task"));
    }
    cut(&format!("{stream} of {task_id}\n"), query.as_deref())
}

impl Look {
    fn has_task(&self, run: &super::Run, task_id: &str) -> bool {
        self.tasks(run, "").iter().any(|task| task["task_id"] == task_id)
    }
}

/// The vendor's library writes `LogType.STDOUT` where it means `stdout`.
fn stream_name(stream: &str) -> Result<&'static str, Problem> {
    match stream.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "stdout" => Ok("stdout"),
        "stderr" => Ok("stderr"),
        _ => Err(Problem::not_found("the log")),
    }
}

/// A part of a log. An empty one is told by `Content-Length: 0`.
fn cut(text: &str, query: Option<&str>) -> Result<Response, Problem> {
    let query = parse(query);
    let number = |name: &str, default: usize| {
        let found = query.iter().find(|(key, _)| key == name);
        found.map_or(Ok(default), |(_, value)| {
            value.parse().map_err(|_| Problem::bad_request(format!("{name} is no number")))
        })
    };
    let offset = number("offset", 0)?.min(text.len());
    let end = offset.saturating_add(number("max", usize::MAX)?).min(text.len());
    let bytes = text.as_bytes()[offset..end].to_vec();
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}
