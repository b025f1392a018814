//! Logs of a run and of its tasks, readable with the caller's own WES credential, as the specification
//! wants of `Log.stdout` and `Log.stderr`.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, Method},
    response::{IntoResponse, Response},
};

use super::download;
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Path,
    },
    gateway::{self, WantedFile},
};

const TEXT: &str = "text/plain; charset=utf-8";

/// Reads a log of one of the caller's runs, whole or in part.
#[utoipa::path(
    get,
    path = "/runs/{run_id}/logs/{stream}",
    tag = "wes",
    params(
        ("run_id" = String, Path, description = "Id of the run"),
        ("stream" = String, Path, description = "`stdout` or `stderr`"),
    ),
    responses(
        (status = 200, description = "The log", content_type = "text/plain", body = String),
        (status = 206, description = "The part that was asked for", content_type = "text/plain", body = String),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "No such run or log", body = ErrorResponse),
        (status = 410, description = "The log was there, and is gone", body = ErrorResponse),
        (status = 416, description = "No byte lies in the range", body = ErrorResponse),
        (status = 503, description = "The service cannot be asked now", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_log(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    method: Method,
    headers: HeaderMap,
    Path((run_id, stream)): Path<(String, String)>,
) -> Result<Response> {
    let wanted = WantedFile::Log { task: None, stderr: is_stderr(&stream)? };
    send(&api, &caller, &method, &headers, &run_id, &wanted).await
}

/// Reads a log of a task of one of the caller's runs, whole or in part.
#[utoipa::path(
    get,
    path = "/runs/{run_id}/tasks/{task_id}/logs/{stream}",
    tag = "wes",
    params(
        ("run_id" = String, Path, description = "Id of the run"),
        ("task_id" = String, Path, description = "Id of the task"),
        ("stream" = String, Path, description = "`stdout` or `stderr`"),
    ),
    responses(
        (status = 200, description = "The log", content_type = "text/plain", body = String),
        (status = 206, description = "The part that was asked for", content_type = "text/plain", body = String),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "No such run, task or log", body = ErrorResponse),
        (status = 410, description = "The log was there, and is gone", body = ErrorResponse),
        (status = 416, description = "No byte lies in the range", body = ErrorResponse),
        (status = 503, description = "The service cannot be asked now", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_task_log(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    method: Method,
    headers: HeaderMap,
    Path((run_id, task_id, stream)): Path<(String, String, String)>,
) -> Result<Response> {
    let wanted = WantedFile::Log { task: Some(task_id), stderr: is_stderr(&stream)? };
    send(&api, &caller, &method, &headers, &run_id, &wanted).await
}

async fn send(
    api: &Api,
    caller: &crate::domain::Caller,
    method: &Method,
    headers: &HeaderMap,
    run_id: &str,
    wanted: &WantedFile,
) -> Result<Response> {
    if method == Method::HEAD {
        // Some services count every request for a file, so none is made just to look.
        api.gateway.check_file(caller, run_id, wanted).await?;
        let mut response = Body::empty().into_response();
        download::dress(&mut response, TEXT);
        return Ok(response);
    }
    let range = download::wanted_range(headers);
    let file = api.gateway.open_file(caller, run_id, wanted, range).await?;
    Ok(download::respond(file, range, TEXT))
}

fn is_stderr(stream: &str) -> Result<bool> {
    match stream {
        "stdout" => Ok(false),
        "stderr" => Ok(true),
        _ => Err(gateway::Error::UnknownFile.into()),
    }
}
