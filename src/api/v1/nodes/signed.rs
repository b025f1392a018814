//! A body that is signed: the signature is the credential, so no token is asked for.

use axum::{
    body::to_bytes,
    extract::{FromRequest, Request},
};

use crate::{
    api::{Api, error::ApiError},
    federation::nodes::{Error, Refusal},
};

/// The text of a body, within the bound for signed requests. Nothing in it is believed yet.
#[derive(Debug)]
pub(super) struct Signed(pub(super) String);

impl FromRequest<Api> for Signed {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let most = api.nodes.config().max_body_bytes;
        // The bound is the likely cause; a body that broke off has nobody who reads the answer.
        let bytes = to_bytes(request.into_body(), most);
        let bytes = bytes.await.map_err(|_| Error::from(Refusal::TooLarge))?;
        let text = String::from_utf8(bytes.into());
        let text = text.map_err(|_| Error::from(Refusal::Malformed("it is no text")))?;
        Ok(Self(text))
    }
}
