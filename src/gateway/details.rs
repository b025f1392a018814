//! What services tell about runs, kept for a moment so that many askers cost one question.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;

use crate::{
    backend::{self, Backend, RunDetails},
    domain::{BackendRunId, Credential, RunId},
};

/// Details of runs, fresh for a moment.
pub(super) struct DetailsCache {
    /// By the run and whether it has ended: what was told while it ran knows no results.
    cache: Cache<(RunId, bool), Arc<RunDetails>>,
}

impl DetailsCache {
    pub(super) fn new(fresh_for: Duration) -> Self {
        Self { cache: Cache::builder().max_capacity(2_000).time_to_live(fresh_for).build() }
    }

    /// The details, asked for at most once at a time.
    pub(super) async fn get(
        &self,
        (run_id, ended): (RunId, bool),
        backend: &Arc<dyn Backend>,
        credential: &Credential,
        id: &BackendRunId,
    ) -> Result<Arc<RunDetails>, Arc<backend::Error>> {
        self.cache
            .try_get_with((run_id, ended), async {
                backend.run_details(credential, id).await.map(Arc::new)
            })
            .await
    }
}
