//! Reads the body of a submission as it streams in: fields, then files, in whatever order they come.
//!
//! Files are held back while the fields are not known. Once memory for that is full and the fields are
//! known, the run is handed over and the files stream on.

use std::sync::{Arc, OnceLock};

use axum::{
    body::{Body, Bytes},
    http::HeaderMap,
};
use multer::{Constraints, Multipart, SizeLimit};
use ring::digest::{Context, SHA256, digest};
use tokio::sync::oneshot;

use super::{
    fields::{Fields, MAX_FIELD_BYTES},
    run_workflow::{BodyKind, of_json},
};
use crate::{
    api::error::{ApiError, Result},
    ga4gh::wes::RunRequest,
    gateway::{FileSink, Files, Gateway, Staged, Staging},
};

/// A run that can be decided on. Its files may still be arriving.
pub(super) struct Incoming {
    pub(super) request: RunRequest,
    pub(super) files: Files,
    pub(super) fingerprint: Arc<OnceLock<String>>,
}

/// What is to be kept of a body besides the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Nothing.
    Nothing,
    /// What the whole body comes to.
    Fingerprint,
}

/// Reads a body. The run goes out by `ready` as soon as it can be decided on.
pub(super) async fn read(
    gateway: &Gateway,
    headers: &HeaderMap,
    body: Body,
    kept: Kept,
    ready: oneshot::Sender<Incoming>,
) -> Result<()> {
    let mut reader = Reader {
        fields: Fields::default(),
        files: Some(Target::Staged(gateway.staging())),
        ready: Some(ready),
        files_digest: (kept == Kept::Fingerprint).then(|| Context::new(&SHA256)),
        request_digest: String::new(),
        fingerprint: Arc::default(),
    };
    let request = match BodyKind::of(headers)? {
        BodyKind::Multipart(boundary) => {
            reader.read_form(multipart(body, boundary)).await?;
            None
        }
        BodyKind::UrlEncoded => {
            let bytes = whole(body).await?;
            for (name, value) in url::form_urlencoded::parse(&bytes) {
                reader.fields.set(&name, value.into_owned())?;
            }
            None
        }
        BodyKind::Json => Some(of_json(&whole(body).await?)?),
    };
    reader.finish(request).await
}

/// What the whole body of a submission comes to, without submitting anything.
pub(super) async fn fingerprint(
    gateway: &Gateway,
    headers: &HeaderMap,
    body: Body,
) -> Result<String> {
    let (ready, incoming) = oneshot::channel::<Incoming>();
    let reading = read(gateway, headers, body, Kept::Fingerprint, ready);
    let taking = async {
        let incoming = incoming.await.ok()?;
        incoming.files.read_through().await;
        Some(incoming.fingerprint)
    };
    let (read, fingerprint) = tokio::join!(reading, taking);
    read?;
    let fingerprint = fingerprint.and_then(|fingerprint| fingerprint.get().cloned());
    fingerprint.ok_or_else(|| ApiError::bad_request("bad_body", "the body holds no run"))
}

/// Where files go.
enum Target {
    Staged(Staging),
    Streamed(FileSink),
}

struct Reader {
    fields: Fields,
    files: Option<Target>,
    ready: Option<oneshot::Sender<Incoming>>,
    files_digest: Option<Context>,
    request_digest: String,
    fingerprint: Arc<OnceLock<String>>,
}

impl Reader {
    async fn read_form(&mut self, mut form: Multipart<'static>) -> Result<()> {
        while let Some(mut part) = form.next_field().await.map_err(bad_form)? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == "workflow_attachment" {
                if !self.read_file(&mut part).await? {
                    return Ok(());
                }
                continue;
            }
            // Some clients send plain fields as file parts; a real file under another name would be lost.
            if part.file_name().is_some() && !Fields::knows(&name) {
                return Err(ApiError::bad_request(
                    "unknown_field",
                    format!("a file came as `{name}`; attachments are named workflow_attachment"),
                ));
            }
            if self.ready.is_none() && Fields::knows(&name) {
                return Err(ApiError::bad_request(
                    "late_field",
                    format!("`{name}` came after the run was decided on; send fields before files"),
                ));
            }
            let text = read_text(&name, &mut part).await?;
            self.fields.set(&name, text)?;
        }
        Ok(())
    }

    /// Reads one file. `false` means that nobody wants the rest of the body.
    async fn read_file(&mut self, part: &mut multer::Field<'static>) -> Result<bool> {
        let name = part.file_name().unwrap_or_default().to_owned();
        if name.is_empty() {
            return Err(ApiError::bad_request(
                "attachment_without_name",
                "a workflow_attachment has no filename in its Content-Disposition",
            ));
        }
        match self.files.as_mut() {
            Some(Target::Staged(staging)) => staging.begin(&name)?,
            Some(Target::Streamed(sink)) => {
                if !sink.begin(&name).await? {
                    return Ok(false);
                }
            }
            None => return Ok(false),
        }
        let mut content = self.files_digest.as_ref().map(|_| Context::new(&SHA256));
        while let Some(bytes) = part.chunk().await.map_err(bad_form)? {
            if let Some(content) = &mut content {
                content.update(&bytes);
            }
            if !self.push(bytes).await? {
                return Ok(false);
            }
        }
        if let (Some(digest), Some(content)) = (&mut self.files_digest, content) {
            digest.update(&(name.len() as u64).to_be_bytes());
            digest.update(name.as_bytes());
            digest.update(content.finish().as_ref());
        }
        Ok(true)
    }

    async fn push(&mut self, bytes: Bytes) -> Result<bool> {
        match self.files.as_mut() {
            Some(Target::Staged(staging)) => {
                if staging.push(bytes).await? == Staged::Full && self.fields.is_complete() {
                    self.hand_over()?;
                }
                Ok(true)
            }
            Some(Target::Streamed(sink)) => Ok(sink.push(bytes).await),
            None => Ok(false),
        }
    }

    /// The fields are known and memory is full: the run goes out, and the files stream on.
    fn hand_over(&mut self) -> Result<()> {
        let Some(Target::Staged(staging)) = self.files.take() else { return Ok(()) };
        let request = std::mem::take(&mut self.fields).into_request()?;
        self.digest_request(&request);
        let (files, sink) = staging.stream();
        self.files = Some(Target::Streamed(sink));
        self.send(request, files);
        Ok(())
    }

    /// The body has ended.
    async fn finish(mut self, request: Option<RunRequest>) -> Result<()> {
        match self.files.take() {
            Some(Target::Staged(staging)) => {
                let request = match request {
                    Some(request) => request,
                    None => std::mem::take(&mut self.fields).into_request()?,
                };
                self.digest_request(&request);
                self.set_fingerprint();
                self.send(request, staging.finish());
            }
            Some(Target::Streamed(sink)) => {
                // Set before the last part, so that it is there when the run is placed.
                self.set_fingerprint();
                sink.finish().await;
            }
            None => {}
        }
        Ok(())
    }

    fn send(&mut self, request: RunRequest, files: Files) {
        if let Some(ready) = self.ready.take() {
            let incoming = Incoming { request, files, fingerprint: self.fingerprint.clone() };
            // If nobody waits any more, the caller has gone.
            let _ = ready.send(incoming);
        }
    }

    /// The request may be whole before, between or after the files; so it has a digest of its own.
    fn digest_request(&mut self, request: &RunRequest) {
        if self.files_digest.is_some() {
            let text = serde_json::to_vec(request).expect("a request is plain data");
            self.request_digest = hex(digest(&SHA256, &text).as_ref());
        }
    }

    fn set_fingerprint(&mut self) {
        if let Some(files) = self.files_digest.take() {
            let files = hex(files.finish().as_ref());
            let _ = self.fingerprint.set(format!("{}.{files}", self.request_digest));
        }
    }
}

fn multipart(body: Body, boundary: String) -> Multipart<'static> {
    // Field sizes are counted where they are read; the edge bounds the body as a whole.
    let limits = Constraints::new().size_limit(SizeLimit::new());
    Multipart::with_constraints(body.into_data_stream(), boundary, limits)
}

async fn read_text(name: &str, part: &mut multer::Field<'static>) -> Result<String> {
    let mut text = Vec::new();
    while let Some(bytes) = part.chunk().await.map_err(bad_form)? {
        if text.len() + bytes.len() > MAX_FIELD_BYTES {
            return Err(too_large(name));
        }
        text.extend_from_slice(&bytes);
    }
    String::from_utf8(text)
        .map_err(|_| ApiError::bad_request("bad_text", format!("`{name}` is not UTF-8")))
}

async fn whole(body: Body) -> Result<Bytes> {
    axum::body::to_bytes(body, MAX_FIELD_BYTES).await.map_err(|_| {
        ApiError::bad_request(
            "bad_body",
            format!("the body broke off, or is longer than {MAX_FIELD_BYTES} bytes"),
        )
    })
}

fn too_large(name: &str) -> ApiError {
    ApiError::new(
        axum::http::StatusCode::PAYLOAD_TOO_LARGE,
        "field_too_large",
        format!("`{name}` is longer than {MAX_FIELD_BYTES} bytes"),
    )
}

fn bad_form(error: multer::Error) -> ApiError {
    match error {
        multer::Error::StreamReadFailed(_)
        | multer::Error::IncompleteStream
        | multer::Error::IncompleteFieldData { .. } => {
            ApiError::bad_request("upload_incomplete", "the upload broke off before its end")
        }
        other => ApiError::bad_request("bad_multipart", format!("the multipart form: {other}")),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
