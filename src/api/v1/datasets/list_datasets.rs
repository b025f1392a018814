//! `GET /api/v1/datasets`: the datasets on record, in pages.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{sees, view::DatasetView};
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Query,
        json::Private,
        page::PageQuery,
    },
    domain::DatasetId,
};

/// A page of datasets.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DatasetPage {
    /// The datasets, in the order of their ids.
    datasets: Vec<DatasetView>,
    /// Where the next page starts; empty on the last one.
    next_page_token: String,
}

/// Lists the datasets that the caller may name; all of them, for data stewards and operators.
#[utoipa::path(
    get,
    path = "/datasets",
    tag = "datasets",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of datasets", body = DatasetPage),
        (status = 400, description = "The page cannot be read", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn list_datasets(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    Query(page): Query<PageQuery>,
) -> Result<Private<DatasetPage>> {
    let size = page.size(&api.config)? as usize;
    // The token is the id of the last one on the page before: it says nothing that its holder does not know.
    let after: Option<DatasetId> = page.after()?;
    let view = api.datasets.view();
    let mut rest = view.after(after.as_ref()).filter(|record| sees(&caller, record));
    let datasets: Vec<_> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    let last = datasets.last().filter(|_| more).map(|record| record.dataset.id.to_string());
    Ok(Private(DatasetPage {
        datasets: datasets.into_iter().map(|record| DatasetView::of(record)).collect(),
        next_page_token: last.unwrap_or_default(),
    }))
}
