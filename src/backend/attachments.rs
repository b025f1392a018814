//! The files of a submission, handed over one after another while they may still be arriving.

use std::{fmt, io, pin::Pin};

use bytes::Bytes;
use futures_util::Stream;

/// Bytes on their way. An error item means that the source broke off: whoever passes the bytes on
/// must break off too, so that no half file looks whole.
pub type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// Files on their way, in sequence: each must be read to its end before the next one is asked for.
pub type AttachmentStream = Pin<Box<dyn Stream<Item = io::Result<Attachment>> + Send>>;

/// One file of a submission.
pub struct Attachment {
    /// Its name; may hold sub-directories, and was checked for hostile parts.
    pub name: String,
    /// Its bytes.
    pub bytes: ByteStream,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The names of a caller's files are not for logs.
        f.debug_struct("Attachment").finish_non_exhaustive()
    }
}

/// All files of a submission.
pub struct Attachments {
    /// Names and sizes, where all files have arrived already. Then the length of the whole body can
    /// be told, which some servers need.
    pub manifest: Option<Manifest>,
    /// The files.
    pub files: AttachmentStream,
}

/// Names and sizes of files that have all arrived, in order.
pub type Manifest = Vec<ManifestEntry>;

/// Name and size of a file that has arrived.
#[derive(Clone, PartialEq, Eq)]
pub struct ManifestEntry {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub length: u64,
}

impl Attachments {
    /// No files at all.
    pub fn none() -> Self {
        Self { manifest: Some(Vec::new()), files: Box::pin(futures_util::stream::empty()) }
    }

    /// Whether it is known that there are no files.
    pub fn is_empty(&self) -> bool {
        self.manifest.as_ref().is_some_and(Vec::is_empty)
    }

    /// Files that are in memory, replayable.
    pub fn in_memory(files: Vec<(String, Bytes)>) -> Self {
        let manifest = files
            .iter()
            .map(|(name, bytes)| ManifestEntry { name: name.clone(), length: bytes.len() as u64 })
            .collect();
        let files = files.into_iter().map(|(name, bytes)| {
            let bytes: ByteStream = Box::pin(futures_util::stream::iter([Ok(bytes)]));
            Ok(Attachment { name, bytes })
        });
        Self { manifest: Some(manifest), files: Box::pin(futures_util::stream::iter(files)) }
    }
}

impl fmt::Debug for Attachments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachments")
            .field("arrived", &self.manifest.as_ref().map(Vec::len))
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ManifestEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManifestEntry").field("length", &self.length).finish_non_exhaustive()
    }
}
