//! Submissions, alone and in batches. Bodies are JSON, with `null` for what is not set.

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Look, Problem, Server, engines,
    run::{Run, tags},
};
use crate::simulator::{Submission, course::Course, submissions::without_passwords, upload::whole};

/// `POST runs`.
pub(super) async fn submit_one(State(server): State<Server>, request: Request) -> Response {
    let (look, request) = match read(&server, request).await {
        Ok(read) => read,
        Err(problem) => return problem.into_response(),
    };
    match server.place(&look, request, None) {
        Ok(run) => {
            let answer = Json(run).into_response();
            look.knobs.behavior.answer_submission(&server, answer).await
        }
        Err(problem) if look.knobs.refuse_inside => Json(problem.body()).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// `POST batch`: one run for every element of `run_requests`, or one of the defaults alone if there is
/// none. An element that is refused is an error inside the answer.
pub(super) async fn submit_batch(State(server): State<Server>, request: Request) -> Response {
    let (look, batch) = match read(&server, request).await {
        Ok(read) => read,
        Err(problem) => return problem.into_response(),
    };
    let batch_id = Uuid::new_v4().to_string();
    let mut items: Vec<Map<String, Value>> = batch
        .get("run_requests")
        .and_then(Value::as_array)
        .map(|items| items.iter().filter_map(|item| item.as_object().cloned()).collect())
        .unwrap_or_default();
    if items.is_empty() {
        items.push(Map::new());
    }
    let runs: Vec<Value> = items
        .into_iter()
        .map(|item| {
            let placed = server.place(&look, merge(&batch, item), Some(batch_id.clone()));
            placed.unwrap_or_else(|problem| problem.body())
        })
        .collect();
    let answer = Json(json!({ "runs": runs })).into_response();
    look.knobs.behavior.answer_submission(&server, answer).await
}

async fn read(server: &Server, request: Request) -> Result<(Look, Map<String, Value>), Problem> {
    let (head, body) = request.into_parts();
    let bytes = whole(body).await?;
    check_media_type(&head.headers)?;
    let body: Map<String, Value> = serde_json::from_slice(&bytes)
        .map_err(|error| Problem::bad_request(format!("the body cannot be read: {error}")))?;
    // What counts is how the knobs stand when the upload is complete.
    Ok((server.look(&head.headers), without_nulls(body)))
}

fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if media_type.is_some_and(|media_type| media_type.starts_with("application/json")) {
        return Ok(());
    }
    let status = axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE;
    Err(Problem(status, "only application/json is supported here".to_owned()))
}

fn without_nulls(map: Map<String, Value>) -> Map<String, Value> {
    map.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

/// An element of a batch with the defaults of the batch below it.
fn merge(batch: &Map<String, Value>, item: Map<String, Value>) -> Map<String, Value> {
    let mut request = without_nulls(item);
    for name in ["workflow_url", "workflow_type", "workflow_type_version", "samples"] {
        if let Some(value) = batch.get(name) {
            request.entry(name).or_insert_with(|| value.clone());
        }
    }
    for name in ["workflow_params", "workflow_engine_parameters", "tags"] {
        let defaults = batch.get(&format!("default_{name}")).and_then(Value::as_object);
        let mut merged = defaults.cloned().unwrap_or_default();
        if let Some(own) = request.get(name).and_then(Value::as_object) {
            merged.extend(own.clone());
        }
        request.insert(name.to_owned(), Value::from(merged));
    }
    if let Some(engine_id) = batch.get("engine_id")
        && let Some(parameters) =
            request.get_mut("workflow_engine_parameters").and_then(Value::as_object_mut)
    {
        parameters.entry("engine_id").or_insert_with(|| engine_id.clone());
    }
    request
}

impl Server {
    /// Makes a run, and returns the vendor's `MinimalRun`.
    fn place(
        &self,
        look: &Look,
        mut request: Map<String, Value>,
        batch_id: Option<String>,
    ) -> Result<Value, Problem> {
        let mut runs = self.runs();
        let under_way = runs.iter().filter(|run| !run.course.phase(look.now).is_over()).count();
        if let Some((status, message)) = look.knobs.behavior.refusal(under_way) {
            return Err(Problem(status, message));
        }
        check(&request)?;
        let parameters = request.entry("workflow_engine_parameters").or_insert_with(|| json!({}));
        let parameters = parameters
            .as_object_mut()
            .ok_or_else(|| Problem::bad_request("workflow_engine_parameters is no object"))?;
        let named = parameters.get("engine_id").and_then(Value::as_str);
        let engine_id = engines::choose(&look.knobs, named)?;
        parameters.insert("engine_id".to_owned(), Value::from(engine_id.as_str()));

        let run = Run {
            id: Uuid::new_v4().to_string(),
            batch_id,
            external_id: Uuid::new_v4().to_string(),
            course: Course::begin(&look.knobs.behavior, look.now),
            request,
            engine_id,
        };
        let minimal = json!({ "run_id": run.id, "state": look.state(&run) });
        if !look.knobs.behavior.lose_run {
            self.submissions.push(self.submission(look, &run));
            runs.push(run);
        }
        Ok(minimal)
    }

    /// The files are those of the workflow, where the run's workflow was put into the catalogue.
    fn submission(&self, look: &Look, run: &Run) -> Submission {
        let fields = run.request.iter().map(|(name, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), without_passwords(&text))
        });
        let url = run.request.get("workflow_url").and_then(Value::as_str).unwrap_or_default();
        let workflows = self.workflows.lock().expect("no holder panics");
        let files: Vec<_> = workflows
            .iter()
            .filter(|workflow| workflow.url() == url)
            .flat_map(|workflow| &workflow.files)
            .map(|file| (file.name.clone(), file.bytes))
            .collect();
        Submission {
            id: run.id.clone(),
            job_name: None,
            tags: tags(&run.request),
            fields: fields.collect(),
            bytes: files.iter().map(|(_, bytes)| bytes).sum(),
            files,
            accepted_at: look.now,
        }
    }
}

fn check(request: &Map<String, Value>) -> Result<(), Problem> {
    if request.get("workflow_url").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(Problem::bad_request("workflow_url is required"));
    }
    for name in ["workflow_params", "workflow_engine_parameters", "tags"] {
        if request.get(name).is_some_and(|value| !value.is_object()) {
            return Err(Problem::bad_request(format!("{name} is no object")));
        }
    }
    let parameters = request.get("workflow_params").and_then(Value::as_object);
    match parameters.into_iter().flatten().find(|(_, value)| *value == "") {
        Some((name, _)) => Err(Problem::bad_request(format!("{name} must not be empty"))),
        None => Ok(()),
    }
}
