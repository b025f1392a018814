//! A caller reads a log or an output, through the gateway and with their own credential.

use bytes::Bytes;

use super::{Error, Gateway, Result, keep};
use crate::{
    audit::Act,
    backend::{self, ByteRange, ByteStream, Download, LogSource, RunDetails},
    domain::Caller,
    ledger::Entry,
    limit::Limit,
};

/// The bytes of a file on their way.
pub type Stream = ByteStream;

/// Which file is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedFile {
    /// Standard output or error of the run, or of one of its tasks.
    Log {
        /// Id of the task; none for the run as a whole.
        task: Option<String>,
        /// Standard error rather than output.
        stderr: bool,
    },
    /// An output file, by its path.
    Output(String),
}

impl std::fmt::Display for WantedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Log { task, stderr } => {
                let stream = if *stderr { "stderr" } else { "stdout" };
                let task = task.as_deref().map(|task| format!(" of task {task}"));
                write!(f, "{stream}{}", task.unwrap_or_default())
            }
            Self::Output(path) => f.write_str(path),
        }
    }
}

/// A file that was found.
#[derive(Debug)]
pub enum OpenedFile {
    /// It is in hand.
    Whole(Bytes),
    /// It comes from the service.
    Streamed(Download),
}

impl Gateway {
    /// Opens a file of one of the caller's runs.
    pub async fn open_file(
        &self,
        caller: &Caller,
        run_id: &str,
        wanted: &WantedFile,
        range: Option<ByteRange>,
    ) -> Result<OpenedFile> {
        let entry = self.own_run(caller, run_id).await?;
        // The name of an output may name a person: it is kept where the run's other names are.
        let name = match wanted {
            WantedFile::Output(_) if !keep::is_kept(&entry) => None,
            wanted => Some(wanted.to_string()),
        };
        self.audit_access(Act::FileOpened, caller, &entry, name).await?;
        let locator = match wanted {
            WantedFile::Log { task, stderr } => {
                let Some(details) = self.details(&entry).await? else {
                    return Ok(OpenedFile::Whole(Bytes::new()));
                };
                match log_of(&details, task.as_deref(), *stderr)? {
                    // Clients fetch the log of every run; one that is not there is an empty one.
                    LogSource::None => return Ok(OpenedFile::Whole(Bytes::new())),
                    LogSource::Inline(text) => {
                        return Ok(OpenedFile::Whole(Bytes::from(text.clone())));
                    }
                    LogSource::Remote(locator) => locator.clone(),
                }
            }
            WantedFile::Output(path) => self.locate(&entry, path).await?,
        };
        self.download(&entry, &locator, range).await.map(OpenedFile::Streamed)
    }

    /// Whether a file of one of the caller's runs is there, without asking for its bytes. Tells its size
    /// where the service told it.
    pub async fn check_file(
        &self,
        caller: &Caller,
        run_id: &str,
        wanted: &WantedFile,
    ) -> Result<Option<u64>> {
        let entry = self.own_run(caller, run_id).await?;
        let details = self.details(&entry).await?.unwrap_or_default();
        match wanted {
            WantedFile::Log { task, stderr } => {
                log_of(&details, task.as_deref(), *stderr)?;
                Ok(None)
            }
            WantedFile::Output(path) => {
                let file = details.files.iter().find(|file| file.path == *path);
                Ok(file.ok_or(Error::UnknownFile)?.size)
            }
        }
    }

    /// The locator of an output. It is a secret that the ledger does not keep, so the service is asked.
    async fn locate(&self, entry: &Entry, path: &str) -> Result<String> {
        if entry.expired {
            return Err(Error::FileGone("the service has deleted the results".to_owned()));
        }
        let details = self.live_details(entry).await?;
        let file = details.files.iter().find(|file| file.path == path);
        file.map(|file| file.locator.clone()).ok_or(Error::UnknownFile)
    }

    async fn download(
        &self,
        entry: &Entry,
        locator: &str,
        range: Option<ByteRange>,
    ) -> Result<Download> {
        let (Some(service), Some(id)) = (&entry.service_id, &entry.backend_run_id) else {
            return Err(Error::UnknownFile);
        };
        let adapter = self.adapter(service)?;
        let standing = self.parts.limiter.take(Limit::ServiceRead, service.as_str(), 1).await;
        if let Some(retry_after) = standing.and_then(|standing| standing.retry_after) {
            let why = "so many files are read from it already".to_owned();
            let (service, retry_after) = (service.clone(), Some(retry_after));
            return Err(Error::ServiceUnavailable { service, why, retry_after });
        }
        let own = entry.own_credential;
        let credential = self.credential_of_run(&entry.caller_id, service, own).await?;
        adapter.download(&credential, id, locator, range).await.map_err(|error| match error {
            backend::Error::UnknownRun => Error::UnknownFile,
            backend::Error::Refused { status: 416, .. } => Error::RangeNotSatisfiable,
            other => Error::of_read(service, own, &other),
        })
    }
}

fn log_of<'a>(details: &'a RunDetails, task: Option<&str>, stderr: bool) -> Result<&'a LogSource> {
    let (stdout_log, stderr_log) = match task {
        None => (&details.stdout, &details.stderr),
        // The one task of a run whose service tells of none is the run itself.
        Some("0") if details.tasks.is_empty() => (&details.stdout, &details.stderr),
        Some(id) => {
            let task = details.tasks.iter().find(|task| task.id == id);
            let task = task.ok_or(Error::UnknownTask)?;
            (&task.stdout, &task.stderr)
        }
    };
    Ok(if stderr { stderr_log } else { stdout_log })
}
