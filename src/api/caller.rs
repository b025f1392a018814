//! Who asks: the extractor without which no handler of private things can be written.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};

use super::{Api, error::ApiError};
use crate::domain::Caller;

/// An authenticated caller.
#[derive(Debug)]
pub(super) struct Authenticated(pub(super) Arc<Caller>);

impl FromRequestParts<Api> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        Ok(Self(api.authenticator.authenticate(&parts.headers).await?))
    }
}
