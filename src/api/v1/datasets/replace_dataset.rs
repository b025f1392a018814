//! `PUT /api/v1/datasets/{dataset_id}`: another record for a dataset.

use axum::{extract::State, response::Response};
use tracing::info;

use super::{NamedDataset, WRITERS, view::DatasetView, written};
use crate::{
    api::{
        Api,
        body::JsonBody,
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        etag::Expected,
        extract::DryRun,
    },
    datasets::DatasetDocument,
};

/// Replaces the record of a dataset. It counts at once, for runs that are being sent too.
#[utoipa::path(
    put,
    path = "/datasets/{dataset_id}",
    tag = "datasets",
    params(
        ("dataset_id" = String, Path, description = "Id of the dataset"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
        ("dry_run" = Option<bool>, Query, description = "Check everything and change nothing"),
    ),
    request_body = DatasetDocument,
    responses(
        (status = 200, description = "The record is in force, or would be", body = DatasetView),
        (status = 400, description = "The document is wrong", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no data steward", body = ErrorResponse),
        (status = 404, description = "There is no such dataset", body = ErrorResponse),
        (status = 412, description = "It was changed meanwhile", body = ErrorResponse),
        (status = 428, description = "`If-Match` is missing", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn replace_dataset(
    State(api): State<Api>,
    caller: Authenticated,
    id: Result<NamedDataset, ApiError>,
    dry_run: Result<DryRun, ApiError>,
    expected: Result<Expected, ApiError>,
    body: Result<JsonBody<DatasetDocument>, ApiError>,
) -> Result<Response> {
    caller.require(WRITERS)?;
    let (NamedDataset(id), DryRun(dry_run)) = (id?, dry_run?);
    let (Expected(version), JsonBody(document)) = (expected?, body?);
    let by = &caller.0.id;
    let record = api.datasets.replace(&id, &document, version, by, dry_run).await?;
    if !dry_run {
        info!(caller.id = %by, "dataset {id} is at version {}", record.version);
    }
    Ok(written(&record))
}
