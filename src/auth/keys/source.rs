//! Where the keys of an issuer come from.

use std::{path::PathBuf, sync::Arc};

use url::Url;

use super::super::{BoxError, discovery::Site, fetch::Fetch};
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
    /// Wherever the issuer's own description says.
    Discovery(Arc<Site>),
}

impl Source {
    /// Whether another look may find other keys.
    pub(super) fn changes(&self) -> bool {
        !matches!(self, Self::Fixed)
    }

    /// Whether it may be out of reach.
    pub(super) fn is_far(&self) -> bool {
        matches!(self, Self::Url(..) | Self::Discovery(_))
    }

    /// What it is called where keys are kept: those of another source are not taken for its own.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Fixed => "fixed".to_owned(),
            Self::File(path) => path.display().to_string(),
            Self::Url(url, _) => url.to_string(),
            Self::Discovery(site) => site.at.to_string(),
        }
    }

    pub(super) async fn read(&self) -> Result<Vec<u8>, BoxError> {
        match self {
            Self::Fixed => Err("these keys never change".into()),
            Self::File(path) => Ok(tokio::fs::read(path).await?),
            Self::Url(url, fetch) => fetch.get(url, None).await,
            Self::Discovery(site) => site.fetch.get(&site.read().await?.jwks_uri, None).await,
        }
    }
}

/// The keys in a file, now.
pub(in crate::auth) fn read_file(path: &PathBuf) -> Result<KeySet, BoxError> {
    Ok(KeySet::parse(&std::fs::read(path)?)?)
}
