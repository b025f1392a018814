//! The catalogue of workflows: a run with files of its own first puts them here.

use axum::{
    Json,
    extract::{Path, RawQuery, Request, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Problem, Server,
    list::{page, parse},
};
use crate::simulator::upload::{UploadError, UploadedFile, receive};

/// A workflow that was put into the catalogue.
pub(super) struct Workflow {
    id: String,
    name: String,
    version: String,
    entrypoint: String,
    pub(super) files: Vec<UploadedFile>,
}

impl Workflow {
    /// What a run names as its `workflow_url`.
    pub(super) fn url(&self) -> String {
        format!("{}/{}", self.id, self.version)
    }

    /// The vendor writes this one in camel case, and its client needs the `ETag`.
    fn answer(&self) -> Response {
        ([(header::ETAG, "\"1\"")], Json(self.body())).into_response()
    }

    fn body(&self) -> Value {
        json!({
            "internalId": self.id,
            "source": "PRIVATE",
            "name": self.name,
            "latestVersion": self.version,
            "entrypoint": self.entrypoint,
        })
    }
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        let status = match error {
            UploadError::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            UploadError::Broken(_) => StatusCode::BAD_REQUEST,
            UploadError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        };
        Self(status, error.to_string())
    }
}

/// `POST workflows`: a form with the files as `workflow_file` and the main one as `entrypoint`.
pub(super) async fn create_workflow(
    State(server): State<Server>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let mut upload = receive(&head.headers, body, "workflow_file").await?;
    if let Some(status) = server.knobs().fail_workflow_with {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Err(Problem(status, "this server fails to create workflows".to_owned()));
    }
    let entrypoint = upload.fields.remove("entrypoint").unwrap_or_default();
    if !upload.files.iter().any(|file| file.name == entrypoint) {
        return Err(Problem::bad_request("the entrypoint is none of the files"));
    }
    let named = |field: Option<String>, otherwise: &str| {
        field.filter(|name| !name.is_empty()).unwrap_or_else(|| otherwise.to_owned())
    };
    let workflow = Workflow {
        id: Uuid::new_v4().to_string(),
        name: named(upload.fields.remove("name"), &entrypoint),
        version: named(upload.fields.remove("version_name"), "v1_0_0"),
        entrypoint,
        files: upload.files,
    };
    let answer = workflow.answer();
    server.workflows.lock().expect("no holder panics").push(workflow);
    Ok(answer)
}

/// `GET workflows`.
pub(super) async fn list_workflows(
    State(server): State<Server>,
    uri: Uri,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<Value>, Problem> {
    let look = server.look(&headers);
    let workflows = server.workflows.lock().expect("no holder panics");
    let items = workflows.iter().map(Workflow::body).collect();
    page(&look, &uri, &parse(query.as_deref()), "workflows", items).map(Json)
}

/// `GET workflows/{workflow_id}`.
pub(super) async fn get_workflow(
    State(server): State<Server>,
    Path((_, workflow_id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let workflows = server.workflows.lock().expect("no holder panics");
    let workflow = workflows.iter().find(|workflow| workflow.id == workflow_id);
    workflow.map(Workflow::answer).ok_or_else(|| Problem::not_found("the workflow"))
}
