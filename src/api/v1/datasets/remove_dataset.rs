//! `DELETE /api/v1/datasets/{dataset_id}`: a dataset is taken off the record.

use axum::{extract::State, http::StatusCode};
use tracing::info;

use super::{NamedDataset, WRITERS};
use crate::api::{
    Api,
    caller::Authenticated,
    error::{ApiError, ErrorResponse, Result},
    etag::Expected,
};

/// Takes a dataset off the record. Runs that name it are refused from then on.
#[utoipa::path(
    delete,
    path = "/datasets/{dataset_id}",
    tag = "datasets",
    params(
        ("dataset_id" = String, Path, description = "Id of the dataset"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = 204, description = "It is off the record"),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no data steward", body = ErrorResponse),
        (status = 404, description = "There is no such dataset", body = ErrorResponse),
        (status = 412, description = "It was changed meanwhile", body = ErrorResponse),
        (status = 428, description = "`If-Match` is missing", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn remove_dataset(
    State(api): State<Api>,
    caller: Authenticated,
    id: Result<NamedDataset, ApiError>,
    expected: Result<Expected, ApiError>,
) -> Result<StatusCode> {
    caller.require(WRITERS)?;
    let (NamedDataset(id), Expected(version)) = (id?, expected?);
    api.datasets.remove(&id, version, &caller.0.id).await?;
    info!(caller.id = %caller.0.id, "dataset {id} is off the record");
    Ok(StatusCode::NO_CONTENT)
}
