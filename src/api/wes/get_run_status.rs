//! `GetRunStatus`: id and state of a run.

use axum::extract::State;

use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Path,
        json::Private,
    },
    ga4gh::wes::RunStatus,
};

/// Tells the state of one of the caller's runs.
#[utoipa::path(
    get,
    path = "/runs/{run_id}/status",
    tag = "wes",
    operation_id = "GetRunStatus",
    params(("run_id" = String, Path, description = "Id of the run")),
    responses(
        (status = 200, description = "Id and state", body = RunStatus),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "The caller has no such run", body = ErrorResponse),
        (status = 500, description = "The gateway failed", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_run_status(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    Path(run_id): Path<String>,
) -> Result<Private<RunStatus>> {
    let (run_id, state) = api.gateway.run_state(&caller, &run_id).await?;
    Ok(Private(RunStatus { run_id: run_id.to_string(), state }))
}
