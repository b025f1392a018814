//! Datasets: where data come from, who may have them, and for what.

mod create_dataset;
mod get_dataset;
mod list_datasets;
mod remove_dataset;
mod replace_dataset;
mod view;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::view::DatasetView;
use crate::{
    api::{
        Api,
        error::{ApiError, Result},
        etag::etag,
        extract::Path,
        json::Private,
    },
    datasets::DatasetRecord,
    domain::{Caller, DatasetId, Role},
};

/// Who writes down where data come from.
const WRITERS: &[Role] = &[Role::DataSteward];

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_datasets::list_datasets, create_dataset::create_dataset))
        .routes(routes!(
            get_dataset::get_dataset,
            replace_dataset::replace_dataset,
            remove_dataset::remove_dataset
        ))
}

/// The dataset that a path names. What is no id names no dataset.
#[derive(Debug)]
struct NamedDataset(DatasetId);

impl FromRequestParts<Api> for NamedDataset {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self> {
        let Path(text) = Path::<String>::from_request_parts(parts, api).await?;
        text.parse().map(Self).map_err(|_| unknown_dataset(&text))
    }
}

fn unknown_dataset(id: &str) -> ApiError {
    let id: String = id.chars().take(100).collect();
    ApiError::new(StatusCode::NOT_FOUND, "unknown_dataset", format!("there is no dataset `{id}`"))
}

/// Whether a caller may know of a dataset: those who write them down and those who run the gateway know of
/// all, others of those that they may name.
fn sees(caller: &Caller, record: &DatasetRecord) -> bool {
    let institutions = &record.dataset.institutions;
    [Role::DataSteward, Role::Operator].iter().any(|role| caller.roles.contains(role))
        || institutions.is_empty()
        || caller.institution.as_ref().is_some_and(|name| institutions.contains(name))
}

/// A record that was written, or would be.
fn written(record: &DatasetRecord) -> Response {
    let version = [(header::ETAG, etag(record.version))];
    (version, Private(DatasetView::of(record))).into_response()
}
