//! Where the keys of an issuer come from.

use std::{path::PathBuf, sync::Arc};

use url::Url;

use super::super::{BoxError, discovery, fetch::Fetch};
use crate::jose::KeySet;

/// Where keys come from.
#[derive(Debug)]
pub(in crate::auth) enum Source {
    /// They never change.
    Fixed,
    /// A file, which may be replaced.
    File(PathBuf),
    /// An address.
    Url(Url, Arc<dyn Fetch>),
    /// Wherever the issuer's own description says, at its own host or one of these.
    Discovery {
        /// Where the description is.
        at: Url,
        /// Further hosts at which the keys may be.
        hosts: Vec<String>,
        /// What asks.
        fetch: Arc<dyn Fetch>,
    },
}

impl Source {
    /// Whether another look may find other keys.
    pub(super) fn changes(&self) -> bool {
        !matches!(self, Self::Fixed)
    }

    /// Whether it may be out of reach.
    pub(super) fn is_far(&self) -> bool {
        matches!(self, Self::Url(..) | Self::Discovery { .. })
    }

    /// What it is called where keys are kept: those of another source are not taken for its own.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Fixed => "fixed".to_owned(),
            Self::File(path) => path.display().to_string(),
            Self::Url(url, _) => url.to_string(),
            Self::Discovery { at, .. } => at.to_string(),
        }
    }

    pub(super) async fn read(&self, issuer: &str) -> Result<Vec<u8>, BoxError> {
        match self {
            Self::Fixed => Err("these keys never change".into()),
            Self::File(path) => Ok(tokio::fs::read(path).await?),
            Self::Url(url, fetch) => fetch.get(url, None).await,
            Self::Discovery { at, hosts, fetch } => {
                let metadata = discovery::read(&fetch.get(at, None).await?, issuer, hosts)?;
                fetch.get(&metadata.jwks_uri, None).await
            }
        }
    }
}

/// The keys in a file, now.
pub(in crate::auth) fn read_file(path: &PathBuf) -> Result<KeySet, BoxError> {
    Ok(KeySet::parse(&std::fs::read(path)?)?)
}
