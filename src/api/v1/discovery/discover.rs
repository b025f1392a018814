//! `POST /api/v1/services/discover`: what lives at an address.

use axum::extract::State;
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;

use super::LOOKERS;
use crate::{
    api::{
        Api,
        body::JsonBody,
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        json::Private,
    },
    domain::Flaw,
    federation::{CredentialDocument, Discovery, ScoutError},
};

/// An address to look at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiscoverBody {
    /// Where to look: a base URL, with or without a path, also that of a service registry.
    url: String,
    /// What is shown to the origin of that URL, and to nobody else. It is not kept, and no answer repeats
    /// it.
    #[serde(default, deserialize_with = "super::credential")]
    credential: Option<CredentialDocument>,
}

/// Finds out what lives at an address, and proposes records that only need a jurisdiction.
#[utoipa::path(
    post,
    path = "/services/discover",
    tag = "services",
    request_body = DiscoverBody,
    responses(
        (status = 200, description = "What was found, if anything", body = Discovery),
        (status = 400, description = "The body is wrong", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator, or the address may not be asked", body = ErrorResponse),
        (status = 502, description = "Nobody answers at the address", body = ErrorResponse),
        (status = 503, description = "Too many looks are under way", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn discover(
    State(api): State<Api>,
    caller: Authenticated,
    body: Result<JsonBody<DiscoverBody>>,
) -> Result<Private<Discovery>> {
    caller.require(LOOKERS)?;
    let JsonBody(body) = body?;
    let url: Url = body.url.parse().map_err(|error| to_error(Flaw::new("url", error)))?;
    let credential = body.credential.unwrap_or_default().to_credential().map_err(to_error)?;
    Ok(Private(api.scout.discover(&url, &credential).await?))
}

pub(super) fn to_error(flaw: Flaw) -> ApiError {
    ScoutError::from(flaw).into()
}
