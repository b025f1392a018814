//! Attachments that come before the fields that route them, kept aside in an encrypted file.
//!
//! The key lives in memory alone and the file has no name, so nothing is left after a crash.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};

/// An encrypted file without a name.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
    key: LessSafeKey,
}

/// Where a piece lies in the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    offset: u64,
    /// Length in the file, which is 16 bytes more than the piece.
    stored: usize,
}

impl Piece {
    pub(super) fn length(self) -> u64 {
        (self.stored - AES_256_GCM.tag_len()) as u64
    }

    pub(super) fn end(self) -> u64 {
        self.offset + self.stored as u64
    }
}

impl Spool {
    /// A new spool in `folder`.
    pub(super) fn create(folder: &Path) -> io::Result<Arc<Self>> {
        let path = folder.join(format!("spool-{}", uuid::Uuid::new_v4().simple()));
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        std::fs::remove_file(&path)?;
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).map_err(io::Error::other)?;
        let key = UnboundKey::new(&AES_256_GCM, &key).expect("the key has 32 bytes");
        Ok(Arc::new(Self { file, key: LessSafeKey::new(key) }))
    }

    /// Writes a piece at `offset`, which no piece may share.
    pub(super) async fn write(self: &Arc<Self>, offset: u64, bytes: Bytes) -> io::Result<Piece> {
        let spool = self.clone();
        blocking(move || {
            let mut sealed = bytes.to_vec();
            spool
                .key
                .seal_in_place_append_tag(nonce(offset), Aad::empty(), &mut sealed)
                .map_err(io::Error::other)?;
            spool.file.write_all_at(&sealed, offset)?;
            Ok(Piece { offset, stored: sealed.len() })
        })
        .await
    }

    /// Reads a piece back.
    pub(super) async fn read(self: &Arc<Self>, piece: Piece) -> io::Result<Bytes> {
        let spool = self.clone();
        blocking(move || {
            let mut sealed = vec![0; piece.stored];
            spool.file.read_exact_at(&mut sealed, piece.offset)?;
            let length = spool
                .key
                .open_in_place(nonce(piece.offset), Aad::empty(), &mut sealed)
                .map_err(io::Error::other)?
                .len();
            sealed.truncate(length);
            Ok(Bytes::from(sealed))
        })
        .await
    }
}

/// Pieces never share an offset, and every spool has its own key: so no nonce is used twice.
fn nonce(offset: u64) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[..8].copy_from_slice(&offset.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pieces_come_back_and_leave_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::create(folder.path()).unwrap();

        let first = spool.write(0, Bytes::from_static(b"genotypes")).await.unwrap();
        let second = spool.write(first.end(), Bytes::from_static(b"more")).await.unwrap();

        assert_eq!(spool.read(second).await.unwrap(), "more");
        assert_eq!(spool.read(first).await.unwrap(), "genotypes");
        assert_eq!(first.length(), 9);
        let mut stored = vec![0; 9];
        spool.file.read_exact_at(&mut stored, 0).unwrap();
        assert_ne!(stored, b"genotypes");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
