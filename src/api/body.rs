//! JSON bodies of our own API, read within a bound and refused in our own words.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
};
use serde::de::DeserializeOwned;

use super::{
    Api,
    error::{ApiError, Result},
};

/// Longest body that is read: ten thousand services in one file.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A JSON body.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Api> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Api) -> Result<Self> {
        let media_type = media_type(&request);
        if media_type != "application/json" && !media_type.ends_with("+json") {
            return Err(unsupported("the body is `application/json`"));
        }
        parse(&read(request).await?).map(Self)
    }
}

/// The media type of a body, without its parameters.
pub(super) fn media_type(request: &Request) -> String {
    let value = request.headers().get(header::CONTENT_TYPE);
    let text = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The whole body, within the bound.
pub(super) async fn read(request: Request) -> Result<Bytes> {
    axum::body::to_bytes(request.into_body(), MAX_BYTES)
        .await
        .map_err(|_| ApiError::bad_request("bad_body", "the body broke off, or is too long"))
}

/// Reads JSON. The error names the place.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (path, why) = (error.path().to_string(), error.into_inner());
        ApiError::bad_request("bad_json", format!("{path}: {why}"))
    })?;
    json.end().map_err(|error| ApiError::bad_request("bad_json", error.to_string()))?;
    Ok(value)
}

pub(super) fn unsupported(msg: &str) -> ApiError {
    ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", msg)
}
