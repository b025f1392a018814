//! `GetTask`: one task of a run.

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
    ga4gh::wes::TaskLog,
    gateway,
};

/// Tells about one task of one of the caller's runs.
#[utoipa::path(
    get,
    path = "/runs/{run_id}/tasks/{task_id}",
    tag = "wes",
    operation_id = "GetTask",
    params(
        ("run_id" = String, Path, description = "Id of the run"),
        ("task_id" = String, Path, description = "Id of the task"),
    ),
    responses(
        (status = 200, description = "The task", body = TaskLog),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "No such run or task", body = ErrorResponse),
        (status = 500, description = "The gateway failed", body = ErrorResponse),
        (status = 503, description = "The service cannot be asked now", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_task(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    links: Links,
    Path((run_id, task_id)): Path<(String, String)>,
) -> Result<Private<TaskLog>> {
    let mut view = api.gateway.get_run(&caller, &run_id).await?;
    // An outage must not read as a run without tasks.
    view.require_details()?;
    let task = render::tasks(&view, &links).into_iter().find(|task| task.id == task_id);
    Ok(Private(task.ok_or(gateway::Error::UnknownTask)?))
}
