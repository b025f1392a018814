//! `POST /api/v1/services/import`: services from one file.

use axum::extract::{Request, State};

use super::OPERATORS;
use crate::{
    api::{
        Api, body,
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        extract::DryRun,
        json::Private,
    },
    federation::{Import, ImportReport},
};

/// Adds and replaces the services of a file, all or none. Services that it does not name stay as they
/// are. The file is JSON, or TOML under `application/toml`.
#[utoipa::path(
    post,
    path = "/services/import",
    tag = "services",
    params(("dry_run" = Option<bool>, Query, description = "Check everything and change nothing")),
    request_body = Import,
    responses(
        (status = 200, description = "What was done, or would be", body = ImportReport),
        (status = 400, description = "The file cannot be read", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
        (status = 415, description = "It is neither JSON nor TOML", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn import_services(
    State(api): State<Api>,
    caller: Authenticated,
    dry_run: Result<DryRun>,
    request: Request,
) -> Result<Private<ImportReport>> {
    caller.require(OPERATORS)?;
    let DryRun(dry_run) = dry_run?;
    let media_type = body::media_type(&request);
    let bytes = body::read(request).await?;
    let import: Import = match media_type.as_str() {
        "application/json" => body::parse(&bytes)?,
        "application/toml" | "text/toml" | "text/x-toml" => {
            let text = str::from_utf8(&bytes)
                .map_err(|error| ApiError::bad_request("bad_toml", error.to_string()))?;
            toml::from_str(text)
                .map_err(|error| ApiError::bad_request("bad_toml", error.to_string()))?
        }
        _ => return Err(body::unsupported("the file is `application/json` or `application/toml`")),
    };
    Ok(Private(api.federation.import(&import, dry_run).await?))
}
