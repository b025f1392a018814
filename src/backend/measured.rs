//! Counts what services are asked and how long they take, whatever their dialect.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use tokio::time::Instant;

use super::{
    Backend, ByteRange, Download, Error, Result, RunDetails, Search, Sighting, Submission,
};
use crate::{
    domain::{BackendRunId, Credential, Offer, ServiceId},
    telemetry::Metrics,
};

/// An adapter whose calls are counted.
#[derive(Debug)]
pub struct Measured {
    inner: Arc<dyn Backend>,
    service: ServiceId,
    metrics: Arc<Metrics>,
}

impl Measured {
    /// Counts the calls of an adapter under the id of its service.
    pub fn new(inner: Arc<dyn Backend>, service: ServiceId, metrics: Arc<Metrics>) -> Self {
        Self { inner, service, metrics }
    }

    async fn count<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let began = Instant::now();
        let answer = call.await;
        let outcome = answer.as_ref().map_or_else(outcome_of, |_| "ok");
        self.metrics.backend_call(self.service.as_str(), operation, outcome, began.elapsed());
        answer
    }
}

fn outcome_of(error: &Error) -> &'static str {
    match error {
        Error::Unavailable { .. } => "unavailable",
        Error::Uncertain { .. } => "uncertain",
        Error::Refused { .. } => "refused",
        Error::Busy { .. } => "busy",
        Error::Credential { .. } => "credential",
        Error::UnknownRun => "unknown_run",
        Error::Gone(_) => "gone",
        Error::Unsupported(_) => "unsupported",
        Error::Malformed(_) => "malformed",
        Error::Input(_) => "input",
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Backend for Measured {
    async fn describe(&self, credential: &Credential) -> Result<Offer> {
        self.count("describe", self.inner.describe(credential)).await
    }

    async fn check_credential(&self, credential: &Credential) -> Result<()> {
        self.count("check_credential", self.inner.check_credential(credential)).await
    }

    async fn run_workflow(
        &self,
        credential: &Credential,
        submission: Submission,
    ) -> Result<BackendRunId> {
        self.count("run_workflow", self.inner.run_workflow(credential, submission)).await
    }

    async fn find_run(
        &self,
        credential: &Credential,
        search: &Search,
    ) -> Result<Option<BackendRunId>> {
        self.count("find_run", self.inner.find_run(credential, search)).await
    }

    async fn run_states(
        &self,
        credential: &Credential,
        ids: &[BackendRunId],
    ) -> Result<Vec<Sighting>> {
        self.count("run_states", self.inner.run_states(credential, ids)).await
    }

    async fn run_details(&self, credential: &Credential, id: &BackendRunId) -> Result<RunDetails> {
        self.count("run_details", self.inner.run_details(credential, id)).await
    }

    async fn cancel_run(&self, credential: &Credential, id: &BackendRunId) -> Result<()> {
        self.count("cancel_run", self.inner.cancel_run(credential, id)).await
    }

    async fn download(
        &self,
        credential: &Credential,
        id: &BackendRunId,
        locator: &str,
        range: Option<ByteRange>,
    ) -> Result<Download> {
        self.count("download", self.inner.download(credential, id, locator, range)).await
    }
}
