//! The last good keys on disk, so that the gateway starts and serves while an issuer is away.

use std::{
    fs::Permissions,
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tracing::warn;

use crate::jose::KeySet;

/// A folder with one file for each issuer.
#[derive(Debug, Clone)]
pub(in crate::auth) struct Shelf(PathBuf);

#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    issuer: String,
    source: String,
    read_at: Timestamp,
    #[serde(borrow)]
    jwks: &'a RawValue,
}

impl Shelf {
    pub(in crate::auth) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The keys that this issuer had at this source, and when it last stood by them.
    pub(super) fn take(&self, issuer: &str, source: &str) -> Option<(KeySet, Timestamp)> {
        let json = std::fs::read_to_string(self.place(issuer)).ok()?;
        let kept: Kept<'_> = serde_json::from_str(&json).ok()?;
        if kept.issuer != issuer || kept.source != source {
            return None;
        }
        Some((KeySet::parse_any(kept.jwks.get().as_bytes()).ok()?, kept.read_at))
    }

    /// Keeps a set. A failure costs no more than the next start while the issuer is away.
    pub(super) async fn keep(&self, issuer: &str, source: &str, read_at: Timestamp, jwks: &[u8]) {
        if let Err(error) = self.write(issuer, source, read_at, jwks).await {
            warn!(
                issuer,
                error = &error as &dyn std::error::Error,
                "the keys of {issuer} are not kept on disk"
            );
        }
    }

    async fn write(
        &self,
        issuer: &str,
        source: &str,
        read_at: Timestamp,
        jwks: &[u8],
    ) -> io::Result<()> {
        let jwks = serde_json::from_slice(jwks)?;
        let kept = Kept { issuer: issuer.to_owned(), source: source.to_owned(), read_at, jwks };
        let json = serde_json::to_vec(&kept)?;
        tokio::fs::create_dir_all(&self.0).await?;
        let place = self.place(issuer);
        // Written beside its place, so that a crash leaves the old set or the new one.
        let draft = place.with_extension("new");
        tokio::fs::write(&draft, json).await?;
        tokio::fs::set_permissions(&draft, Permissions::from_mode(0o600)).await?;
        tokio::fs::rename(&draft, &place).await
    }

    /// An issuer's name is no file name, so the file bears its hash.
    fn place(&self, issuer: &str) -> PathBuf {
        let digest = digest::digest(&digest::SHA256, issuer.as_bytes());
        let name: String = digest.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        Path::new(&self.0).join(format!("{name}.json"))
    }
}
