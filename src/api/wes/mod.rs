//! WES 1.1.0, serving 1.0 clients too: one file per operation of the specification.

mod cancel_run;
mod download;
mod fields;
mod get_log;
mod get_output;
mod get_run_log;
mod get_run_status;
mod get_service_info;
mod get_task;
mod list_runs;
mod list_tasks;
mod render;
mod run_workflow;
mod submission;

use axum::{Router, routing::get};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::Api;

/// Where WES begins (WES 1.1.0, `servers`).
pub(super) const BASE: &str = "/ga4gh/wes/v1";

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(get_service_info::get_service_info))
        .routes(routes!(list_runs::list_runs, run_workflow::run_workflow))
        .routes(routes!(get_run_log::get_run_log))
        .routes(routes!(get_run_status::get_run_status))
        .routes(routes!(list_tasks::list_tasks))
        .routes(routes!(get_task::get_task))
        .routes(routes!(cancel_run::cancel_run))
        .routes(routes!(get_log::get_log))
        .routes(routes!(get_log::get_task_log))
        .routes(routes!(get_output::get_output))
}

/// Paths that real clients ask for and the specification does not know: the DNAstack library ends the
/// path of a run with a slash.
pub(super) fn aliases() -> Router<Api> {
    Router::new().route(&format!("{BASE}/runs/{{run_id}}/"), get(get_run_log::get_run_log))
}
