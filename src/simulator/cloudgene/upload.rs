//! Takes in a form as it comes. Files are counted and dropped, so that memory stays flat.

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, header};
use multer::{Constraints, Field, Multipart, SizeLimit};

use super::{
    header_text,
    params::{Received, ReceivedFile},
};

/// Why a form was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum UploadError {
    /// The request, or a file in it, is larger than allowed.
    #[error("the upload is too large")]
    TooLarge,
    /// It is no form.
    #[error("the request is no form")]
    NotAForm,
    /// It broke off, or is malformed.
    #[error("{0}")]
    Broken(String),
}

/// Reads a form to its end. No limit: all sizes.
pub(super) async fn receive(
    headers: &HeaderMap,
    body: Body,
    limit: Option<u64>,
) -> Result<Received, UploadError> {
    let boundary = header_text(headers, "content-type")
        .and_then(|kind| multer::parse_boundary(kind).ok())
        .ok_or(UploadError::NotAForm)?;
    let mut body = body.into_data_stream();
    let is_announced_too_large =
        limit.is_some_and(|limit| announced(headers).is_some_and(|length| length > limit));
    let received = if is_announced_too_large {
        Err(UploadError::TooLarge)
    } else {
        read(&mut body, boundary, limit).await
    };
    if received.is_err() {
        linger(body).await;
    }
    received
}

/// Reads a whole body and drops it.
pub(super) async fn drain(body: Body) {
    let mut body = body.into_data_stream();
    while let Some(Ok(_)) = body.next().await {}
}

/// Reads what is still on its way, within bounds: a caller who is sending sees no answer before.
pub(super) async fn linger(mut body: BodyDataStream) {
    let mut left = LINGER_BYTES;
    while let Some(Ok(bytes)) = body.next().await {
        left = left.saturating_sub(bytes.len());
        if left == 0 {
            return;
        }
    }
}

const LINGER_BYTES: usize = 64 * 1024 * 1024;

/// Longest text field; a real server would keep it in memory too.
const MAX_TEXT_BYTES: usize = 1024 * 1024;

fn announced(headers: &HeaderMap) -> Option<u64> {
    header_text(headers, header::CONTENT_LENGTH.as_str())?.parse().ok()
}

async fn read(
    body: &mut BodyDataStream,
    boundary: String,
    limit: Option<u64>,
) -> Result<Received, UploadError> {
    let limit = limit.unwrap_or(u64::MAX);
    let limits = SizeLimit::new().whole_stream(limit).per_field(limit);
    let mut form =
        Multipart::with_constraints(body, boundary, Constraints::new().size_limit(limits));
    let mut received = Received::default();
    while let Some(mut field) = form.next_field().await.map_err(refused)? {
        let name = field.name().unwrap_or_default().to_owned();
        match field.file_name().map(str::to_owned) {
            Some(file) => {
                let bytes = count(&mut field).await?;
                received.files.push(ReceivedFile { field: name, name: file, bytes });
            }
            None => received.texts.push((name, text(&mut field).await?)),
        }
    }
    Ok(received)
}

async fn count(field: &mut Field<'_>) -> Result<u64, UploadError> {
    let mut bytes = 0;
    while let Some(chunk) = field.chunk().await.map_err(refused)? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}

async fn text(field: &mut Field<'_>) -> Result<String, UploadError> {
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(refused)? {
        append(&mut text, &chunk)?;
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn append(text: &mut Vec<u8>, chunk: &Bytes) -> Result<(), UploadError> {
    if text.len() + chunk.len() > MAX_TEXT_BYTES {
        return Err(UploadError::TooLarge);
    }
    text.extend_from_slice(chunk);
    Ok(())
}

fn refused(error: multer::Error) -> UploadError {
    match error {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => {
            UploadError::TooLarge
        }
        other => UploadError::Broken(other.to_string()),
    }
}
