//! Speaks to WES services.

use std::fmt;

use async_trait::async_trait;

use super::{
    Backend, ByteRange, Download, Error, Result, RunDetails, Search, Sighting, Submission,
    client::Client,
};
use crate::domain::{BackendRunId, Credential, Offer, Service};

/// One WES service.
#[derive(Debug)]
pub(super) struct WesBackend {
    service: Service,
    _client: Client,
}

impl WesBackend {
    /// Reads the adapter's settings from the service's record.
    pub(super) fn try_new(service: &Service, client: Client) -> Result<Self, String> {
        Ok(Self { service: service.clone(), _client: client })
    }
}

impl fmt::Display for WesBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (wes)", self.service.id)
    }
}

#[async_trait]
impl Backend for WesBackend {
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
