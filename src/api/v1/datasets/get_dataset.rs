//! `GET /api/v1/datasets/{dataset_id}`: one dataset.

use axum::{extract::State, response::Response};

use super::{NamedDataset, sees, unknown_dataset, view::DatasetView, written};
use crate::api::{
    Api,
    caller::Authenticated,
    error::{ErrorResponse, Result},
};

/// Tells what is on record of a dataset. One that the caller may not name is not there.
#[utoipa::path(
    get,
    path = "/datasets/{dataset_id}",
    tag = "datasets",
    params(("dataset_id" = String, Path, description = "Id of the dataset")),
    responses(
        (status = 200, description = "The dataset", body = DatasetView),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "There is no such dataset", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_dataset(
    State(api): State<Api>,
    Authenticated(caller): Authenticated,
    NamedDataset(id): NamedDataset,
) -> Result<Response> {
    let view = api.datasets.view();
    let record = view.get(&id).filter(|record| sees(&caller, record));
    record.map(|record| written(record)).ok_or_else(|| unknown_dataset(id.as_str()))
}
