//! Takes in the form of a submission: plain fields are kept, files are counted and hashed as they
//! stream by, so that any size passes with flat memory.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderMap, header},
};
use futures_util::StreamExt;
use multer::{Field, Multipart};
use ring::digest;

/// Bytes that all plain fields of a form may have together.
const MAX_FIELD_BYTES: usize = 64 * 1024 * 1024;

/// A form that came in whole.
#[derive(Debug, Default)]
pub(super) struct Upload {
    /// The plain fields. A field that came as a file part counts too; of a repeated one the last stays.
    pub(super) fields: BTreeMap<String, String>,
    /// The files, in order.
    pub(super) files: Vec<UploadedFile>,
}

/// What stays of a file that streamed by.
#[derive(Debug, Clone)]
pub(super) struct UploadedFile {
    /// The name that the client gave it.
    pub(super) name: String,
    /// Its size in bytes.
    pub(super) bytes: u64,
    /// SHA-256 in hexadecimal.
    pub(super) sha256: String,
}

/// Why a form did not come in.
#[derive(Debug, thiserror::Error)]
pub(super) enum UploadError {
    /// No media type that is read here.
    #[error("the media type {0:?} is not supported")]
    MediaType(String),
    /// It broke off, or does not follow its media type.
    #[error("the form cannot be read: {0}")]
    Broken(String),
    /// The plain fields are too large.
    #[error("the fields of the form are too large")]
    TooLarge,
}

impl From<multer::Error> for UploadError {
    fn from(error: multer::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl Upload {
    /// Name and size of every file, for the list of submissions.
    pub(super) fn file_sizes(&self) -> Vec<(String, u64)> {
        self.files.iter().map(|file| (file.name.clone(), file.bytes)).collect()
    }

    /// Bytes of all files together.
    pub(super) fn file_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// Reads a multipart or URL-encoded form to its end. The parts called `file_part` are the files.
pub(super) async fn receive(
    headers: &HeaderMap,
    body: Body,
    file_part: &str,
) -> Result<Upload, UploadError> {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if media_type.starts_with("application/x-www-form-urlencoded") {
        let bytes = whole(body).await?;
        let fields = url::form_urlencoded::parse(&bytes).into_owned().collect();
        return Ok(Upload { fields, files: Vec::new() });
    }
    let boundary = multer::parse_boundary(media_type)
        .map_err(|_| UploadError::MediaType(media_type.to_owned()))?;
    let mut form = Multipart::new(body.into_data_stream(), boundary);
    let mut upload = Upload::default();
    let mut left = MAX_FIELD_BYTES;
    while let Some(field) = form.next_field().await? {
        if field.name() == Some(file_part) {
            upload.files.push(pass_by(field).await?);
        } else {
            let name = field.name().unwrap_or_default().to_owned();
            upload.fields.insert(name, text(field, &mut left).await?);
        }
    }
    Ok(upload)
}

/// Reads a body that is kept, within the bound for plain fields.
pub(super) async fn whole(body: Body) -> Result<Vec<u8>, UploadError> {
    let mut bytes = Vec::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| UploadError::Broken(error.to_string()))?;
        if bytes.len() + chunk.len() > MAX_FIELD_BYTES {
            return Err(UploadError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

async fn pass_by(mut field: Field<'_>) -> Result<UploadedFile, UploadError> {
    let name = field.file_name().unwrap_or_default().to_owned();
    let mut bytes = 0;
    let mut hash = digest::Context::new(&digest::SHA256);
    while let Some(chunk) = field.chunk().await? {
        bytes += chunk.len() as u64;
        hash.update(&chunk);
    }
    let sha256 = hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(UploadedFile { name, bytes, sha256 })
}

async fn text(mut field: Field<'_>, left: &mut usize) -> Result<String, UploadError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await? {
        *left = left.checked_sub(chunk.len()).ok_or(UploadError::TooLarge)?;
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
