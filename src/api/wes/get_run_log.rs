//! `GetRunLog`: everything about a run.

use axum::extract::State;

use super::render;
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Path,
        json::Private,
        links::Links,
    },
    ga4gh::wes::RunLog,
};

/// Tells everything about one of the caller's runs. If its service cannot be asked, the last known state
/// is told, and `system_logs` says so.
#[utoipa::path(
    get,
    path = "/runs/{run_id}",
    tag = "wes",
    operation_id = "GetRunLog",
    params(("run_id" = String, Path, description = "Id of the run")),
    responses(
        (status = 200, description = "Everything about the run", body = RunLog),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "The caller has no such run", body = ErrorResponse),
        (status = 500, description = "The gateway failed", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_run_log(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    links: Links,
    Path(run_id): Path<String>,
) -> Result<Private<RunLog>> {
    let view = api.gateway.get_run(&caller, &run_id).await?;
    Ok(Private(render::run_log(&view, &links)))
}
