//! What a request's path names, or an error of ours: axum's own would be plain text, which no WES client
//! reads.

use axum::{
    extract::{FromRequestParts, Path as Parsed},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::{Api, error::ApiError};
use crate::gateway;

/// The parts of the path that differ from request to request.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        // All paths with such parts name runs, and no run has a name that is not UTF-8.
        let parsed = Parsed::from_request_parts(parts, api).await;
        parsed.map(|Parsed(named)| Self(named)).map_err(|_| gateway::Error::UnknownRun.into())
    }
}
