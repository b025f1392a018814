//! Output files of a run, through the gateway and with the caller's own WES credential.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, header},
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
    gateway::WantedFile,
};

const BINARY: &str = "application/octet-stream";

/// Reads an output of one of the caller's runs, whole or in part.
#[utoipa::path(
    get,
    path = "/runs/{run_id}/outputs/{*path}",
    tag = "wes",
    params(
        ("run_id" = String, Path, description = "Id of the run"),
        ("path" = String, Path, description = "Path of the file among the outputs"),
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream", body = [u8]),
        (status = 206, description = "The part that was asked for", content_type = "application/octet-stream", body = [u8]),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "No such run or file", body = ErrorResponse),
        (status = 410, description = "The file was there, and is gone", body = ErrorResponse),
        (status = 416, description = "No byte lies in the range", body = ErrorResponse),
        (status = 503, description = "The service cannot be asked now", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_output(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    method: Method,
    headers: HeaderMap,
    Path((run_id, path)): Path<(String, String)>,
) -> Result<Response> {
    let wanted = WantedFile::Output(path);
    if method == Method::HEAD {
        // Some services count every request for a file, so none is made just to look.
        let size = api.gateway.check_file(&caller, &run_id, &wanted).await?;
        let mut response = Body::empty().into_response();
        download::dress(&mut response, BINARY);
        if let Some(size) = size {
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(size));
        }
        return Ok(response);
    }
    let range = download::wanted_range(&headers);
    let file = api.gateway.open_file(&caller, &run_id, &wanted, range).await?;
    Ok(download::respond(file, range, BINARY))
}
