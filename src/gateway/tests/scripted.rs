//! A service that answers what a test tells it to.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use async_trait::async_trait;
use futures_util::StreamExt;
use secrecy::ExposeSecret;

use crate::{
    backend::{
        Backend, ByteRange, Download, Error, Observed, OutputFile, Result, RunDetails, Search,
        Sighting, Submission,
    },
    domain::{BackendRunId, Credential, Offer},
    ga4gh::wes::State,
};

/// What a service answers to a submission.
pub(super) enum Answer {
    /// Takes it.
    Takes,
    /// Reads all files, then takes it and loses the answer.
    LosesReply,
    /// Loses it before it is a run.
    LosesRun,
    /// Could not, before it read a byte.
    Unavailable,
    /// Could not, after it read the files.
    UnavailableAfterUpload,
    /// Says no.
    Refuses,
    /// Says no, and names a sample while it does.
    RefusesByName,
}

/// A service that answers by a script, and takes everything once the script has ended.
#[derive(Default)]
pub(super) struct Scripted {
    script: Mutex<VecDeque<Answer>>,
    runs: Mutex<Vec<(String, State)>>,
    uploads: Mutex<Vec<Vec<u8>>>,
    cancels: Mutex<usize>,
    details: Mutex<usize>,
    asked: AtomicBool,
    /// With what it was asked for the states of runs.
    shown: Mutex<Vec<String>>,
    unreachable: AtomicBool,
    meanwhile: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Scripted {
    pub(super) fn new(script: impl IntoIterator<Item = Answer>) -> Arc<Self> {
        Arc::new(Self { script: Mutex::new(script.into_iter().collect()), ..Self::default() })
    }

    /// How many runs it has.
    pub(super) fn runs(&self) -> usize {
        self.runs.lock().unwrap().len()
    }

    /// Whether it was asked to take a run.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Relaxed)
    }

    /// Does something whenever it is asked to take a run, before it answers.
    pub(super) fn before_it_answers(&self, deed: impl Fn() + Send + Sync + 'static) {
        assert!(self.meanwhile.set(Box::new(deed)).is_ok(), "it has something to do already");
    }

    /// What came as files, submission by submission.
    pub(super) fn uploads(&self) -> Vec<Vec<u8>> {
        self.uploads.lock().unwrap().clone()
    }

    /// How often it was asked to cancel.
    pub(super) fn cancels(&self) -> usize {
        *self.cancels.lock().unwrap()
    }

    /// How often it was asked for details.
    pub(super) fn asked_for_details(&self) -> usize {
        *self.details.lock().unwrap()
    }

    /// With what it was asked for the states of runs since the last look, each time.
    pub(super) fn shown(&self) -> Vec<String> {
        std::mem::take(&mut *self.shown.lock().unwrap())
    }

    /// Moves all its runs to a state.
    pub(super) fn all_are(&self, state: State) {
        self.runs.lock().unwrap().iter_mut().for_each(|run| run.1 = state);
    }

    /// Does not tell how its runs are, or tells it again.
    pub(super) fn is_unreachable(&self, unreachable: bool) {
        self.unreachable.store(unreachable, Relaxed);
    }

    /// Forgets all its runs.
    pub(super) fn forget_all(&self) {
        self.hide_all();
    }

    /// Hides all its runs for a while.
    pub(super) fn hide_all(&self) -> Vec<(String, State)> {
        std::mem::take(&mut *self.runs.lock().unwrap())
    }

    /// Shows runs that were hidden.
    pub(super) fn show(&self, runs: Vec<(String, State)>) {
        *self.runs.lock().unwrap() = runs;
    }

    fn take(&self, submission: &Submission) -> BackendRunId {
        let id = format!("job-of-{}", submission.run_id);
        self.runs.lock().unwrap().push((id.clone(), State::Queued));
        BackendRunId::new(id)
    }

    async fn read(&self, submission: &mut Submission) -> Result<()> {
        let mut all = Vec::new();
        while let Some(file) = submission.attachments.files.next().await {
            let mut file = file.map_err(Error::Input)?;
            while let Some(bytes) = file.bytes.next().await {
                all.extend_from_slice(&bytes.map_err(Error::Input)?);
            }
        }
        self.uploads.lock().unwrap().push(all);
        Ok(())
    }
}

#[async_trait]
impl Backend for Scripted {
    async fn describe(&self, _: &Credential) -> Result<Offer> {
        Ok(super::runs_cwl())
    }

    async fn check_credential(&self, _: &Credential) -> Result<()> {
        Ok(())
    }

    async fn run_workflow(
        &self,
        _: &Credential,
        mut submission: Submission,
    ) -> Result<BackendRunId> {
        self.asked.store(true, Relaxed);
        if let Some(deed) = self.meanwhile.get() {
            deed();
        }
        let answer = self.script.lock().unwrap().pop_front().unwrap_or(Answer::Takes);
        match answer {
            Answer::Unavailable => return Err(Error::unavailable("maintenance")),
            Answer::Refuses => {
                return Err(Error::Refused { status: 400, message: "no".to_owned() });
            }
            Answer::RefusesByName => {
                let message = "sample NA12878 is not phased".to_owned();
                return Err(Error::Refused { status: 400, message });
            }
            Answer::Takes
            | Answer::LosesReply
            | Answer::LosesRun
            | Answer::UnavailableAfterUpload => {}
        }
        self.read(&mut submission).await?;
        match answer {
            Answer::UnavailableAfterUpload => Err(Error::unavailable("maintenance")),
            Answer::LosesRun => Err(Error::uncertain("reset")),
            Answer::LosesReply => {
                self.take(&submission);
                Err(Error::uncertain("reset"))
            }
            Answer::Takes | Answer::Unavailable | Answer::Refuses | Answer::RefusesByName => {
                Ok(self.take(&submission))
            }
        }
    }

    async fn find_run(&self, _: &Credential, search: &Search) -> Result<Option<BackendRunId>> {
        let wanted = format!("job-of-{}", search.run_id);
        let found = self.runs.lock().unwrap().iter().any(|(id, _)| *id == wanted);
        Ok(found.then(|| BackendRunId::new(wanted)))
    }

    async fn run_states(
        &self,
        credential: &Credential,
        ids: &[BackendRunId],
    ) -> Result<Vec<Sighting>> {
        let shown = match credential {
            Credential::Bearer(token) => token.expose_secret().to_owned(),
            other => other.kind().to_owned(),
        };
        self.shown.lock().unwrap().push(shown);
        if self.unreachable.load(Relaxed) {
            return Err(Error::unavailable("maintenance"));
        }
        let runs = self.runs.lock().unwrap();
        let sight = |id: &BackendRunId| {
            let run = runs.iter().find(|(known, _)| known == id.as_str());
            let observed = run.map(|(_, state)| Observed::new(*state, "scripted"));
            Sighting { id: id.clone(), observed: observed.ok_or(Error::UnknownRun) }
        };
        Ok(ids.iter().map(sight).collect())
    }

    async fn run_details(&self, _: &Credential, id: &BackendRunId) -> Result<RunDetails> {
        *self.details.lock().unwrap() += 1;
        let runs = self.runs.lock().unwrap();
        let ended = runs.iter().any(|(known, state)| known == id.as_str() && state.is_terminal());
        let result = OutputFile { path: "result".to_owned(), ..OutputFile::default() };
        let files = ended.then_some(result).into_iter().collect();
        Ok(RunDetails { exit_code: Some(0), files, ..RunDetails::default() })
    }

    async fn cancel_run(&self, _: &Credential, _: &BackendRunId) -> Result<()> {
        *self.cancels.lock().unwrap() += 1;
        Ok(())
    }

    async fn download(
        &self,
        _: &Credential,
        _: &BackendRunId,
        _: &str,
        _: Option<ByteRange>,
    ) -> Result<Download> {
        Err(Error::Unsupported("scripted services have no files"))
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl fmt::Display for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scripted service")
    }
}
