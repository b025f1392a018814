//! Keeps calls away from a service whose circuit is open or whose places are taken, and tells the circuit
//! what came of every call that was made.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::{
    Backend, ByteRange, Download, Error, Result, RunDetails, Search, Sighting, Submission,
    client::HttpError,
};
use crate::{
    domain::{BackendRunId, Credential, Offer},
    vitals::{CallKind, Outcome, Refusal, Vitals},
};

/// An adapter that is called only while its service can bear it.
#[derive(Debug)]
pub struct Guarded {
    inner: Arc<dyn Backend>,
    vitals: Arc<Vitals>,
}

/// What a call is about. A server that fails over one run may be fine otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Service,
    Runs,
}

impl Guarded {
    /// Guards an adapter by the vitals of its service.
    pub fn new(inner: Arc<dyn Backend>, vitals: Arc<Vitals>) -> Self {
        Self { inner, vitals }
    }

    async fn guard<T>(
        &self,
        kind: CallKind,
        about: About,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut pass = self.vitals.admit(kind).await.map_err(refused)?;
        if kind == CallKind::Probe {
            // Whoever probes stops waiting for a service that hangs.
            pass.assume(Outcome::Failure);
        }
        let answer = call.await;
        pass.done(match &answer {
            Ok(_) => Outcome::Success,
            Err(error) => outcome_of(error, kind, about),
        });
        answer
    }
}

fn refused(refusal: Refusal) -> Error {
    let why = refusal.to_string();
    match refusal {
        Refusal::Open { retry_in, .. } => {
            Error::Unavailable { why, retry_after: Some(retry_in), source: None }
        }
        Refusal::Full => Error::Busy { message: why, retry_after: None },
    }
}

/// What an error says about the service's health. Whatever a live service says about one request says
/// nothing bad about the service.
fn outcome_of(error: &Error, kind: CallKind, about: About) -> Outcome {
    match error {
        // wes-service answers 500 for runs that it made up, and Cloudgene for jobs that it lost.
        Error::Unavailable { source: Some(HttpError::Status(500)), .. } if about == About::Runs => {
            Outcome::Neutral
        }
        Error::Unavailable { retry_after: retry_after @ Some(_), .. } => {
            Outcome::Throttled { retry_after: *retry_after }
        }
        Error::Unavailable { source: Some(_), .. } | Error::Uncertain { .. } => Outcome::Failure,
        // Said by our adapter of a service that answered.
        Error::Unavailable { source: None, .. } => Outcome::Neutral,
        // An account's own limit, such as Cloudgene's number of jobs, is no wish to be left alone.
        Error::Busy { retry_after: None, .. } if kind == CallKind::Submit => Outcome::Neutral,
        Error::Busy { retry_after, .. } => Outcome::Throttled { retry_after: *retry_after },
        Error::Refused { .. } | Error::Credential { .. } | Error::UnknownRun | Error::Gone(_) => {
            Outcome::Success
        }
        Error::Unsupported(_) | Error::Malformed(_) | Error::Input(_) => Outcome::Neutral,
    }
}

impl fmt::Display for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Backend for Guarded {
    async fn describe(&self, credential: &Credential) -> Result<Offer> {
        self.guard(CallKind::Probe, About::Service, self.inner.describe(credential)).await
    }

    async fn check_credential(&self, credential: &Credential) -> Result<()> {
        let call = self.inner.check_credential(credential);
        self.guard(CallKind::Read, About::Runs, call).await
    }

    async fn run_workflow(
        &self,
        credential: &Credential,
        submission: Submission,
    ) -> Result<BackendRunId> {
        let call = self.inner.run_workflow(credential, submission);
        self.guard(CallKind::Submit, About::Service, call).await
    }

    async fn find_run(
        &self,
        credential: &Credential,
        search: &Search,
    ) -> Result<Option<BackendRunId>> {
        self.guard(CallKind::Read, About::Service, self.inner.find_run(credential, search)).await
    }

    async fn run_states(
        &self,
        credential: &Credential,
        ids: &[BackendRunId],
    ) -> Result<Vec<Sighting>> {
        self.guard(CallKind::Read, About::Runs, self.inner.run_states(credential, ids)).await
    }

    async fn run_details(&self, credential: &Credential, id: &BackendRunId) -> Result<RunDetails> {
        self.guard(CallKind::Read, About::Runs, self.inner.run_details(credential, id)).await
    }

    async fn cancel_run(&self, credential: &Credential, id: &BackendRunId) -> Result<()> {
        self.guard(CallKind::Read, About::Runs, self.inner.cancel_run(credential, id)).await
    }

    async fn download(
        &self,
        credential: &Credential,
        id: &BackendRunId,
        locator: &str,
        range: Option<ByteRange>,
    ) -> Result<Download> {
        let call = self.inner.download(credential, id, locator, range);
        self.guard(CallKind::Read, About::Runs, call).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::vitals::{CircuitState, Config};

    /// Answers every call with the same error, or not at all.
    #[derive(Debug)]
    struct Fails(Option<fn() -> Error>);

    impl Fails {
        async fn fail<T>(&self) -> Result<T> {
            match self.0 {
                Some(error) => Err(error()),
                None => std::future::pending().await,
            }
        }
    }

    impl fmt::Display for Fails {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("fails")
        }
    }

    #[async_trait]
    impl Backend for Fails {
        async fn describe(&self, _: &Credential) -> Result<Offer> {
            self.fail().await
        }
        async fn check_credential(&self, _: &Credential) -> Result<()> {
            self.fail().await
        }

        async fn run_workflow(&self, _: &Credential, _: Submission) -> Result<BackendRunId> {
            self.fail().await
        }
        async fn find_run(&self, _: &Credential, _: &Search) -> Result<Option<BackendRunId>> {
            self.fail().await
        }
        async fn run_states(&self, _: &Credential, _: &[BackendRunId]) -> Result<Vec<Sighting>> {
            self.fail().await
        }
        async fn run_details(&self, _: &Credential, _: &BackendRunId) -> Result<RunDetails> {
            self.fail().await
        }
        async fn cancel_run(&self, _: &Credential, _: &BackendRunId) -> Result<()> {
            self.fail().await
        }
        async fn download(
            &self,
            _: &Credential,
            _: &BackendRunId,
            _: &str,
            _: Option<ByteRange>,
        ) -> Result<Download> {
            self.fail().await
        }
    }

    fn guarded(error: Option<fn() -> Error>) -> (Guarded, Arc<Vitals>) {
        let vitals = Arc::new(Vitals::new(&Config { max_failures: 1, ..Config::default() }, None));
        (Guarded::new(Arc::new(Fails(error)), vitals.clone()), vitals)
    }

    fn status(status: u16) -> Error {
        Error::Unavailable {
            why: "HTTP".to_owned(),
            retry_after: None,
            source: Some(HttpError::Status(status)),
        }
    }

    fn busy(retry_after: Option<Duration>) -> Error {
        Error::Busy { message: "full".to_owned(), retry_after }
    }

    #[test]
    fn what_an_error_says_about_the_service() {
        use About::{Runs, Service};
        use CallKind::{Probe, Read, Submit};
        let wait = Some(Duration::from_secs(7));
        let asked = Error::Unavailable { why: "x".to_owned(), retry_after: wait, source: None };
        let throttled = Outcome::Throttled { retry_after: wait };
        let refused = Error::Refused { status: 400, message: "no".to_owned() };
        let cases = [
            (status(500), Probe, Service, Outcome::Failure),
            (status(500), Read, Runs, Outcome::Neutral),
            (status(502), Read, Runs, Outcome::Failure),
            (asked, Read, Runs, throttled),
            (Error::uncertain("lost"), Submit, Service, Outcome::Failure),
            (Error::unavailable("maintenance"), Submit, Service, Outcome::Neutral),
            (busy(wait), Submit, Service, throttled),
            (busy(None), Submit, Service, Outcome::Neutral),
            (busy(None), Read, Runs, Outcome::Throttled { retry_after: None }),
            (refused, Submit, Service, Outcome::Success),
            (Error::UnknownRun, Read, Runs, Outcome::Success),
            (Error::Malformed("x".to_owned()), Read, Runs, Outcome::Neutral),
        ];

        for (error, kind, about, outcome) in cases {
            assert_eq!(outcome_of(&error, kind, about), outcome, "{error} on {kind:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_open_circuit_refuses_in_plain_words_and_nothing_is_sent() {
        let (backend, vitals) = guarded(Some(|| status(503)));
        backend.describe(&Credential::None).await.unwrap_err();
        assert_eq!(vitals.condition().circuit, CircuitState::Open);

        let refused = backend.run_states(&Credential::None, &[]).await.unwrap_err();

        assert!(
            refused.to_string().contains("its circuit is open, since a call failed"),
            "{refused}"
        );
        let Error::Unavailable { retry_after: Some(wait), source: None, .. } = refused else {
            panic!("{refused:?}");
        };
        assert!(wait >= Duration::from_secs(4), "{wait:?}");
        assert_eq!(vitals.condition().samples, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_uncertain_submission_stays_uncertain_and_counts_as_a_failure() {
        let (backend, vitals) = guarded(Some(|| Error::uncertain("the connection broke")));

        let answer = backend.run_workflow(&Credential::None, submission()).await;

        assert!(matches!(answer, Err(Error::Uncertain { .. })), "{answer:?}");
        assert_eq!(vitals.condition().circuit, CircuitState::Open);
        let refused = backend.run_workflow(&Credential::None, submission()).await;
        assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_nobody_waits_for_any_longer_counts_as_a_failure_and_a_read_does_not() {
        let (backend, vitals) = guarded(None);
        let second = Duration::from_secs(1);

        let read = backend.run_states(&Credential::None, &[]);
        assert!(tokio::time::timeout(second, read).await.is_err());
        assert_eq!(vitals.condition().circuit, CircuitState::Closed);
        let probe = backend.describe(&Credential::None);
        assert!(tokio::time::timeout(second, probe).await.is_err());
        assert_eq!(vitals.condition().circuit, CircuitState::Open);
    }

    fn submission() -> Submission {
        Submission {
            run_id: crate::domain::RunId::generate(),
            request: crate::ga4gh::wes::RunRequest::default(),
            imputation: None,
            attachments: super::super::Attachments::none(),
        }
    }
}
