//! `ListRuns`: the caller's runs, newest first.

use axum::extract::State;

use super::render;
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Query,
        json::Private,
        page::PageQuery,
    },
    ga4gh::wes::RunListResponse,
};

/// Lists the caller's runs, newest first. The order does not change while pages are read.
#[utoipa::path(
    get,
    path = "/runs",
    tag = "wes",
    operation_id = "ListRuns",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of runs", body = RunListResponse),
        (status = 400, description = "Bad page_size or page_token", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 500, description = "The gateway failed", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn list_runs(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    Query(page): Query<PageQuery>,
) -> Result<Private<RunListResponse>> {
    let size = page.size(&api.config)?;
    let page = api.gateway.list_runs(&caller, size, page.token()).await?;
    Ok(Private(RunListResponse {
        runs: page.runs.iter().map(render::summary).collect(),
        next_page_token: page.next_page_token.unwrap_or_default(),
    }))
}
