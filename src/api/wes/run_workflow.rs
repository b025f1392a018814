//! `RunWorkflow`: a run arrives, as a multipart form, a URL-encoded form or JSON.

use std::fmt;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;

use super::{
    fields::Fields,
    submission::{self, Kept},
};
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        json::Private,
    },
    domain::Caller,
    ga4gh::wes::{RunId, RunRequest},
    gateway::{self, Order, Repetition},
};

/// The form of a submission, for the document alone: it is read as it streams in.
#[derive(Debug, utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the form in the OpenAPI document")]
pub(crate) struct RunForm {
    /// JSON object: the parameters of the workflow.
    workflow_params: Option<String>,
    /// Language of the workflow, or `IMPUTATION`.
    workflow_type: String,
    /// Version of that language.
    workflow_type_version: String,
    /// JSON object of texts; `origin`, `service` and `name` mean something to the gateway.
    tags: Option<String>,
    /// JSON object of texts: settings for the engine.
    workflow_engine_parameters: Option<String>,
    /// Engine to use.
    workflow_engine: Option<String>,
    /// Version of that engine.
    workflow_engine_version: Option<String>,
    /// The workflow: an absolute URL, the name of an attachment, or `imputation://auto`.
    workflow_url: String,
    /// Files that go along; send them after the other fields, and they are streamed on at once.
    #[schema(value_type = Vec<String>, format = Binary)]
    workflow_attachment: Vec<String>,
}

/// Submits a run. The answer is its id once a service has it, or may have it; then it is never forgotten
/// and never submitted twice. With an `Idempotency-Key`, the same request can be sent again safely.
#[utoipa::path(
    post,
    path = "/runs",
    tag = "wes",
    operation_id = "RunWorkflow",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "Names this submission, at most 255 characters")),
    request_body(content(
        (RunForm = "multipart/form-data"),
        (RunForm = "application/x-www-form-urlencoded"),
        (RunRequest = "application/json"),
    )),
    responses(
        (status = 200, description = "The run exists", body = RunId),
        (status = 400, description = "The request is wrong", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "Policy allows no service", body = ErrorResponse),
        (status = 409, description = "This Idempotency-Key is under way", body = ErrorResponse),
        (status = 413, description = "Too large", body = ErrorResponse),
        (status = 415, description = "Neither form nor JSON", body = ErrorResponse),
        (status = 422, description = "This Idempotency-Key was used for another request",
            body = ErrorResponse),
        (status = 500, description = "The gateway failed", body = ErrorResponse),
        (status = 503, description = "No service can take the run now", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn run_workflow(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    request: Request,
) -> Result<Private<RunId>> {
    let _counted = api.metrics.upload_started();
    let (parts, body) = request.into_parts();
    let key = idempotency_key(&parts.headers).map_err(ApiError::without_run)?;
    let repetition = match &key {
        Some(key) => api.gateway.repetition(&caller, key).await?,
        None => Repetition::First,
    };
    let run_id = match repetition {
        Repetition::First => submit(&api, &caller, &parts.headers, body, key).await?,
        Repetition::Of { run_id, fingerprint } => {
            let sent = submission::fingerprint(&api.gateway, &parts.headers, body).await?;
            if fingerprint.is_some_and(|first| first != sent) {
                return Err(gateway::Error::KeyReused.into());
            }
            run_id
        }
    };
    Ok(Private(RunId { run_id: run_id.to_string() }))
}

async fn submit(
    api: &Api,
    caller: &Caller,
    headers: &HeaderMap,
    body: Body,
    key: Option<String>,
) -> Result<crate::domain::RunId> {
    let kept = if key.is_some() { Kept::Fingerprint } else { Kept::Nothing };
    let (ready, order) = tokio::sync::oneshot::channel();
    // The body is read while the run is placed: its files are on their way to the service before the
    // last one has come.
    let reading = submission::read(&api.gateway, headers, body, kept, ready);
    let placing = async {
        let incoming = order.await.ok()?;
        let order = Order {
            request: incoming.request,
            files: incoming.files,
            idempotency_key: key,
            fingerprint: incoming.fingerprint,
        };
        Some(api.gateway.run_workflow(caller, order).await)
    };
    let (read, placed) = tokio::join!(reading, placing);
    match (read, placed) {
        (_, Some(Ok(run_id))) => Ok(run_id),
        // What is wrong with the body says more than that it broke off.
        (Err(fault), None | Some(Err(gateway::Error::Input(_)))) => Err(fault.without_run()),
        (_, Some(Err(error))) => Err(of_submission(error)),
        (Ok(()), None) => {
            Err(ApiError::bad_request("bad_body", "the body holds no run").without_run())
        }
    }
}

/// Whether a run came of a submission that failed. After a failure of the gateway itself, nobody knows
/// yet.
fn of_submission(error: gateway::Error) -> ApiError {
    let known = !matches!(error, gateway::Error::Internal(_) | gateway::Error::KeyBusy);
    let error = ApiError::from(error);
    if known { error.without_run() } else { error }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    match value.to_str() {
        Ok(key) if !key.is_empty() && key.len() <= 255 => Ok(Some(key.to_owned())),
        Ok(_) | Err(_) => Err(ApiError::bad_request(
            "bad_idempotency_key",
            "Idempotency-Key is 1 to 255 printable ASCII characters",
        )),
    }
}

/// The kinds of body that hold a run.
pub(super) enum BodyKind {
    /// `multipart/form-data`, with its boundary.
    Multipart(String),
    /// `application/x-www-form-urlencoded`.
    UrlEncoded,
    /// `application/json`.
    Json,
}

impl BodyKind {
    /// Reads it off the headers.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self> {
        let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "multipart/form-data" => {
                multer::parse_boundary(media_type).map(Self::Multipart).map_err(|_| {
                    ApiError::bad_request("bad_multipart", "the multipart form has no boundary")
                })
            }
            "application/x-www-form-urlencoded" => Ok(Self::UrlEncoded),
            "application/json" => Ok(Self::Json),
            _ => Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "send a run as multipart/form-data, application/x-www-form-urlencoded or \
                 application/json",
            )),
        }
    }
}

/// Reads a run out of a JSON body.
pub(super) fn of_json(bytes: &[u8]) -> Result<RunRequest> {
    let no_json = |error: String| ApiError::bad_request("bad_json", format!("the body: {error}"));
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let Members(members) =
        serde_path_to_error::deserialize(&mut json).map_err(|error| no_json(error.to_string()))?;
    json.end().map_err(|error| no_json(error.to_string()))?;
    let mut fields = Fields::default();
    for (name, value) in members {
        fields.set_json(&name, value)?;
    }
    fields.into_request()
}

/// The members of a JSON object, those that come twice too.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}
