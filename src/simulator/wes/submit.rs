//! `POST /runs`: what each server insists on, and what it makes of it.

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{Dialect, Look, Server, error::Problem, run::Run};
use crate::simulator::{
    Outcome, Submission,
    course::Course,
    submissions::without_passwords,
    upload::{Upload, receive, whole},
};

/// Takes in a submission.
pub(super) async fn run_workflow(State(server): State<Server>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let upload = match read_form(server.knobs().dialect, &head.headers, body).await {
        Ok(upload) => upload,
        Err(problem) => return server.knobs().dialect.error(&problem),
    };
    // What counts is how the knobs stand when the upload is complete.
    let look = server.look(&head.headers);
    match server.place(&look, upload) {
        Ok(run_id) => {
            let answer = Json(json!({ "run_id": run_id })).into_response();
            look.knobs.behavior.answer_submission(&server, answer).await
        }
        Err(problem) => look.dialect.error(&problem),
    }
}

async fn read_form(dialect: Dialect, headers: &HeaderMap, body: Body) -> Result<Upload, Problem> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = media_type.is_some_and(|media_type| media_type.starts_with("application/json"));
    if !is_json {
        return Ok(receive(headers, body, "workflow_attachment").await?);
    }
    let bytes = whole(body).await?;
    let refusal = match dialect {
        Dialect::Sapporo => return from_json(&bytes),
        Dialect::Spec | Dialect::Toil | Dialect::WesService => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Dialect::Galaxy => StatusCode::BAD_REQUEST,
        Dialect::StarterKit => StatusCode::CONFLICT,
    };
    Err(Problem::of_framework(refusal, "application/json is not supported here"))
}

/// Sapporo takes a `RunRequest` as JSON too.
fn from_json(bytes: &[u8]) -> Result<Upload, Problem> {
    let request: Map<String, Value> = serde_json::from_slice(bytes)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    let fields = request.into_iter().map(|(name, value)| match value {
        Value::String(text) => (name, text),
        other => (name, other.to_string()),
    });
    Ok(Upload { fields: fields.collect(), files: Vec::new() })
}

impl Server {
    fn place(&self, look: &Look, mut upload: Upload) -> Result<String, Problem> {
        let mut runs = self.runs();
        let run_id = look.dialect.run_id(runs.len());
        let under_way = runs.iter().filter(|run| !run.course.phase(look.now).is_over()).count();
        if let Some((status, message)) = look.knobs.behavior.refusal(under_way) {
            return Err(Problem::new(status, message));
        }
        if let Err(problem) = check(look.dialect, &upload) {
            if look.dialect == Dialect::Toil {
                // It makes the run first and looks at the request then.
                let course = Course::stillborn(Outcome::SystemError, look.now);
                runs.push(Run::new(run_id, course, upload));
            }
            return Err(problem);
        }
        if look.knobs.behavior.lose_run {
            return Ok(run_id);
        }
        self.submissions.push(submission(&run_id, look, &upload));
        match look.dialect {
            // It reads neither attachments nor tags nor engine parameters.
            Dialect::StarterKit => {
                upload.files.clear();
                upload.fields.remove("tags");
                upload.fields.remove("workflow_engine_parameters");
            }
            // Of several files under one name, its form keeps the last.
            Dialect::Galaxy => {
                upload.files = upload.files.pop().into_iter().collect();
            }
            Dialect::Spec | Dialect::WesService | Dialect::Toil | Dialect::Sapporo => {}
        }
        let course = Course::begin(&look.knobs.behavior, look.now);
        runs.push(Run::new(run_id.clone(), course, upload));
        Ok(run_id)
    }
}

fn submission(run_id: &str, look: &Look, upload: &Upload) -> Submission {
    let tags = upload.fields.get("tags").map(|tags| super::run::string_map(tags));
    let fields = upload.fields.iter().map(|(name, text)| (name.clone(), without_passwords(text)));
    Submission {
        id: run_id.to_owned(),
        job_name: None,
        tags: tags.unwrap_or_default(),
        fields: fields.collect(),
        files: upload.file_sizes(),
        bytes: upload.file_bytes(),
        accepted_at: look.now,
    }
}

/// Whether the server takes this request.
fn check(dialect: Dialect, upload: &Upload) -> Result<(), Problem> {
    let (required, status): (&[&str], _) = match dialect {
        Dialect::Spec => {
            (&["workflow_url", "workflow_type", "workflow_type_version"], StatusCode::BAD_REQUEST)
        }
        Dialect::WesService => {
            (&["workflow_url", "workflow_params"], StatusCode::INTERNAL_SERVER_ERROR)
        }
        Dialect::Toil => (
            &["workflow_url", "workflow_params", "workflow_type", "workflow_type_version"],
            StatusCode::BAD_REQUEST,
        ),
        Dialect::Sapporo => (
            &["workflow_type", "workflow_type_version", "workflow_engine"],
            StatusCode::BAD_REQUEST,
        ),
        Dialect::StarterKit => {
            (&["workflow_url", "workflow_type", "workflow_type_version"], StatusCode::CONFLICT)
        }
        Dialect::Galaxy => (&["workflow_type", "workflow_type_version"], StatusCode::BAD_REQUEST),
    };
    let given = |name: &str| upload.fields.get(name).is_some_and(|value| !value.is_empty());
    if let Some(missing) = required.iter().find(|name| !given(name)) {
        return Err(refused(dialect, status, &format!("`{missing}` is required")));
    }
    check_json(dialect, upload)?;
    check_type(dialect, upload)?;
    check_url(dialect, upload)
}

fn check_json(dialect: Dialect, upload: &Upload) -> Result<(), Problem> {
    let status = match dialect {
        Dialect::Spec | Dialect::Sapporo | Dialect::Galaxy => StatusCode::BAD_REQUEST,
        Dialect::WesService | Dialect::Toil => StatusCode::INTERNAL_SERVER_ERROR,
        Dialect::StarterKit => StatusCode::CONFLICT,
    };
    for name in ["workflow_params", "tags", "workflow_engine_parameters"] {
        let is_object = |json: &String| serde_json::from_str::<Map<String, Value>>(json).is_ok();
        if upload.fields.get(name).is_some_and(|json| !json.is_empty() && !is_object(json)) {
            return Err(refused(dialect, status, &format!("`{name}` is no JSON object")));
        }
    }
    Ok(())
}

fn check_type(dialect: Dialect, upload: &Upload) -> Result<(), Problem> {
    let given = upload.fields.get("workflow_type").map(String::as_str).unwrap_or_default();
    let known = match dialect {
        // Case matters.
        Dialect::Sapporo => dialect.workflow_types().contains(&given),
        Dialect::Spec | Dialect::Toil | Dialect::StarterKit | Dialect::Galaxy => {
            dialect.workflow_types().iter().any(|known| known.eq_ignore_ascii_case(given))
        }
        Dialect::WesService => true,
    };
    let status =
        if dialect == Dialect::StarterKit { StatusCode::CONFLICT } else { StatusCode::BAD_REQUEST };
    if known { Ok(()) } else { Err(refused(dialect, status, "`workflow_type` is not supported")) }
}

fn check_url(dialect: Dialect, upload: &Upload) -> Result<(), Problem> {
    let url = upload.fields.get("workflow_url").map(String::as_str).unwrap_or_default();
    let relative = !url.is_empty() && !url.contains("://");
    if !relative || !upload.files.is_empty() {
        return Ok(());
    }
    let message = "a relative `workflow_url` needs attachments";
    match dialect {
        Dialect::WesService => Err(refused(dialect, StatusCode::INTERNAL_SERVER_ERROR, message)),
        Dialect::Toil => Err(refused(dialect, StatusCode::BAD_REQUEST, message)),
        // A service of its own language may have names for its workflows.
        Dialect::Spec | Dialect::Sapporo | Dialect::StarterKit | Dialect::Galaxy => Ok(()),
    }
}

/// The starter kit has one message for every failure.
fn refused(dialect: Dialect, status: StatusCode, message: &str) -> Problem {
    match dialect {
        Dialect::StarterKit => Problem::new(status, "Could not register new WorkflowRun"),
        Dialect::Spec
        | Dialect::WesService
        | Dialect::Toil
        | Dialect::Sapporo
        | Dialect::Galaxy => Problem::new(status, message),
    }
}
