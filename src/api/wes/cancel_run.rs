//! `CancelRun`: asks for a run to be canceled.

use axum::extract::State;

use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Path,
        json::Private,
    },
    ga4gh::wes::RunId,
};

/// Asks for one of the caller's runs to be canceled. The answer comes at once; the state tells when the
/// run has stopped. A run that has ended stays as it ended.
#[utoipa::path(
    post,
    path = "/runs/{run_id}/cancel",
    tag = "wes",
    operation_id = "CancelRun",
    params(("run_id" = String, Path, description = "Id of the run")),
    responses(
        (status = 200, description = "The wish was taken down", body = RunId),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "The caller has no such run", body = ErrorResponse),
        (status = 500, description = "The gateway failed", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn cancel_run(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    Path(run_id): Path<String>,
) -> Result<Private<RunId>> {
    let run_id = api.gateway.cancel_run(&caller, &run_id).await?;
    Ok(Private(RunId { run_id: run_id.to_string() }))
}
