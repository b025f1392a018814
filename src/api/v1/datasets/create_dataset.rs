//! `POST /api/v1/datasets`: a dataset is put on record.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tracing::info;

use super::{WRITERS, view::DatasetView, written};
use crate::{
    api::{
        Api,
        body::JsonBody,
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        extract::DryRun,
    },
    datasets::DatasetDocument,
};

/// Puts a dataset on record. Runs can name it in the tag `dataset` at once.
#[utoipa::path(
    post,
    path = "/datasets",
    tag = "datasets",
    params(("dry_run" = Option<bool>, Query, description = "Check everything and change nothing")),
    request_body = DatasetDocument,
    responses(
        (status = 200, description = "What would be written, on a dry run", body = DatasetView),
        (status = 201, description = "It is on record", body = DatasetView),
        (status = 400, description = "The document is wrong", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no data steward", body = ErrorResponse),
        (status = 409, description = "The id is taken", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn create_dataset(
    State(api): State<Api>,
    caller: Authenticated,
    dry_run: Result<DryRun, ApiError>,
    body: Result<JsonBody<DatasetDocument>, ApiError>,
) -> Result<Response> {
    caller.require(WRITERS)?;
    let (DryRun(dry_run), JsonBody(document)) = (dry_run?, body?);
    let record = api.datasets.create(&document, &caller.0.id, dry_run).await?;
    if dry_run {
        return Ok(written(&record));
    }
    info!(caller.id = %caller.0.id, "dataset {} is on record", record.dataset.id);
    Ok((StatusCode::CREATED, written(&record)).into_response())
}
