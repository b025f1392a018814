//! Speaks to Cloudgene services.

use std::fmt;

use async_trait::async_trait;

use super::{
    Backend, ByteRange, Download, Error, Result, RunDetails, Search, Sighting, Submission,
    client::Client,
};
use crate::domain::{BackendRunId, Credential, Offer, Service};

/// One Cloudgene service.
#[derive(Debug)]
pub(super) struct MichiganBackend {
    service: Service,
    _client: Client,
}

impl MichiganBackend {
    /// Reads the adapter's settings from the service's record.
    pub(super) fn try_new(service: &Service, client: Client) -> Result<Self, String> {
        Ok(Self { service: service.clone(), _client: client })
    }
}

impl fmt::Display for MichiganBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (michigan)", self.service.id)
    }
}

#[async_trait]
impl Backend for MichiganBackend {
    async fn describe(&self, _credential: &Credential) -> Result<Offer> {
        Err(Error::Unsupported("describe"))
    }
    async fn run_workflow(&self, _: &Credential, _: Submission) -> Result<BackendRunId> {
        Err(Error::Unsupported("run"))
    }
    async fn find_run(&self, _: &Credential, _: &Search) -> Result<Option<BackendRunId>> {
        Err(Error::Unsupported("find"))
    }
    async fn run_states(&self, _: &Credential, _: &[BackendRunId]) -> Result<Vec<Sighting>> {
        Err(Error::Unsupported("states"))
    }
    async fn run_details(&self, _: &Credential, _: &BackendRunId) -> Result<RunDetails> {
        Err(Error::Unsupported("details"))
    }
    async fn cancel_run(&self, _: &Credential, _: &BackendRunId) -> Result<()> {
        Err(Error::Unsupported("cancel"))
    }
    async fn download(
        &self,
        _: &Credential,
        _: &BackendRunId,
        _: &str,
        _: Option<ByteRange>,
    ) -> Result<Download> {
        Err(Error::Unsupported("download"))
    }
}
