//! `ListTasks`: the tasks of a run, in the order of `RunLog.task_logs`.

use axum::extract::State;

use super::render;
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::{Path, Query},
        json::Private,
        links::Links,
        page::PageQuery,
    },
    ga4gh::wes::TaskListResponse,
};

/// Lists the tasks of one of the caller's runs.
#[utoipa::path(
    get,
    path = "/runs/{run_id}/tasks",
    tag = "wes",
    operation_id = "ListTasks",
    params(("run_id" = String, Path, description = "Id of the run"), PageQuery),
    responses(
        (status = 200, description = "A page of tasks", body = TaskListResponse),
        (status = 400, description = "Bad page_size or page_token", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "The caller has no such run", body = ErrorResponse),
        (status = 500, description = "The gateway failed", body = ErrorResponse),
        (status = 503, description = "The service cannot be asked now", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn list_tasks(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    links: Links,
    Path(run_id): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Private<TaskListResponse>> {
    let size = page.size(&api.config)?;
    let mut view = api.gateway.get_run(&caller, &run_id).await?;
    // An outage must not read as a run without tasks.
    view.require_details()?;
    let tasks = render::tasks(&view, &links);
    let list = format!("tasks of {}", view.entry.run_id);
    let (range, next) = api.gateway.page_of(&caller, &list, tasks.len(), size, page.token())?;
    Ok(Private(TaskListResponse {
        task_logs: tasks[range].to_vec(),
        next_page_token: next.unwrap_or_default(),
    }))
}
