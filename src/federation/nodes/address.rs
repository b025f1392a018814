//! Where a node may say that its service is.
//!
//! What is refused here would be refused at every call as well, since the adapters of nodes have a guarded
//! client; here its operators are told.

use std::time::Duration;

use url::Url;

use super::{Error, Nodes, Result};

/// How long a name may take to be looked up, before it is left to the first call.
const PATIENCE: Duration = Duration::from_secs(5);

impl Nodes {
    /// Refuses an address that the gateway must not be made to call.
    pub(super) async fn check_address(&self, url: &Url) -> Result<()> {
        let looked_up = tokio::time::timeout(PATIENCE, self.parts.guard.allows(url)).await;
        looked_up.unwrap_or(Ok(())).map_err(|refusal| Error::Forbidden(refusal.to_string()))
    }
}
