//! The seam to the services: one trait, one adapter per dialect. A vendor's words stay in its folder.
//!
//! To add a dialect: write its folder, and one line in [`build`].

mod adapters;
mod attachments;
mod build;
pub mod client;
pub mod conformance;
mod details;
pub mod discover;
mod dnastack;
mod error;
mod guarded;
pub mod imputation_template;
mod measured;
mod michigan;
mod wes;

use std::{collections::HashSet, fmt};

use async_trait::async_trait;
use http::{HeaderName, HeaderValue, header};
use jiff::Timestamp;
use secrecy::SecretString;

use crate::{
    domain::{BackendRunId, Credential, Imputation, Offer, ReferencePanel, RunId},
    ga4gh::wes::{RunRequest, State},
};

pub use self::{
    adapters::Adapters,
    attachments::{Attachment, AttachmentStream, Attachments, ByteStream, Manifest, ManifestEntry},
    build::{KINDS, build, service_type},
    details::{LogSource, OutputFile, RunDetails, TaskDetails, output_marker, output_path},
    error::Error,
    guarded::Guarded,
    measured::Measured,
};

/// The result of asking a service.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The tag (and, where there are no tags, the prefix of the job's name) by which a run is found again
/// at its service. Its value is the gateway's run id.
pub const RUN_TAG: &str = "ga4gh-gateway-run";

/// One service, spoken to in its own dialect.
///
/// Every method returns within the adapter's own deadlines, never follows a redirect with the
/// credential to another host, and never retries a call that may have had an effect.
#[async_trait]
pub trait Backend: fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// Asks what the service can do. Also the health probe: any answer means that it is reachable.
    async fn describe(&self, credential: &Credential) -> Result<Offer>;

    /// Asks for something that the service tells only to those whom it knows, and that leaves nothing
    /// behind. `Ok` of a service that tells it to everybody proves nothing.
    async fn check_credential(&self, credential: &Credential) -> Result<()>;

    /// Submits a run. The request was checked against the service's [`Offer`] before.
    ///
    /// [`Error::Uncertain`] means that the run may exist; every other error means that it does not.
    async fn run_workflow(
        &self,
        credential: &Credential,
        submission: Submission,
    ) -> Result<BackendRunId>;

    /// Looks for a run whose submission was not confirmed. `None` means that the service was asked and
    /// does not know it (yet).
    async fn find_run(
        &self,
        credential: &Credential,
        search: &Search,
    ) -> Result<Option<BackendRunId>>;

    /// Reads the state of many runs with as few calls as the service allows. The answer holds one
    /// sighting for every id, in any order; the outer error means that the service told nothing.
    async fn run_states(
        &self,
        credential: &Credential,
        ids: &[BackendRunId],
    ) -> Result<Vec<Sighting>>;

    /// Reads everything that the service tells about a run.
    async fn run_details(&self, credential: &Credential, id: &BackendRunId) -> Result<RunDetails>;

    /// Asks the service to cancel a run. `Ok` means that it was asked, not that the run stopped.
    async fn cancel_run(&self, credential: &Credential, id: &BackendRunId) -> Result<()>;

    /// Opens a log that [`RunDetails`] marked [`LogSource::Remote`], or an output file, by its locator.
    /// `range` is a wish: [`Download::range`] says what was granted.
    async fn download(
        &self,
        credential: &Credential,
        id: &BackendRunId,
        locator: &str,
        range: Option<ByteRange>,
    ) -> Result<Download>;
}

/// What is submitted.
#[derive(Debug)]
pub struct Submission {
    /// The gateway's id of the run; every adapter plants it so that [`Backend::find_run`] finds it.
    pub run_id: RunId,
    /// The request as the caller made it, its workflow type spelled the service's way.
    pub request: RunRequest,
    /// The canonical imputation request, where the run is one.
    pub imputation: Option<ImputationOrder>,
    /// The files that go along.
    pub attachments: Attachments,
}

/// An imputation request together with what the gateway decided about it.
#[derive(Debug, Clone)]
pub struct ImputationOrder {
    /// What the caller wants.
    pub imputation: Imputation,
    /// The panel, as this very service offers it.
    pub panel: ReferencePanel,
    /// Password for the result archive, chosen by the gateway: letters and digits only.
    pub archive_password: SecretString,
}

/// How to look for a run whose submission was not confirmed.
#[derive(Debug, Clone)]
pub struct Search {
    /// The gateway's id of the run.
    pub run_id: RunId,
    /// When the submission was begun; older runs of the service need not be looked at.
    pub since: Timestamp,
    /// Runs of this service that the ledger already knows, and that therefore cannot be the one.
    pub known: HashSet<BackendRunId>,
}

/// What was seen of one run.
#[derive(Debug)]
pub struct Sighting {
    /// Which run.
    pub id: BackendRunId,
    /// Its condition. [`Error::UnknownRun`] means that the service no longer knows it.
    pub observed: Result<Observed>,
}

/// The condition of a run at its service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// The state in WES words; what cannot be told apart is `UNKNOWN`, never a guess.
    pub state: State,
    /// The service's own word for it, kept for people.
    pub word: String,
    /// The service has deleted the results (and may no longer tell how the run ended).
    pub expired: bool,
}

impl Observed {
    /// A plain state under the service's own word.
    pub fn new(state: State, word: impl Into<String>) -> Self {
        Self { state, word: word.into(), expired: false }
    }
}

/// A wish for a part of a file (RFC 9110, section 14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteRange {
    /// From the first position to the last one, both included; to the end without a last one.
    From(u64, Option<u64>),
    /// That many bytes from the end.
    Last(u64),
}

impl ByteRange {
    /// The header that says so.
    pub fn to_header(self) -> (HeaderName, HeaderValue) {
        let wish = match self {
            Self::From(first, Some(last)) => format!("bytes={first}-{last}"),
            Self::From(first, None) => format!("bytes={first}-"),
            Self::Last(count) => format!("bytes=-{count}"),
        };
        (header::RANGE, HeaderValue::from_str(&wish).expect("letters, digits and dashes"))
    }
}

/// A file on its way from a service. Not read yet: the bytes come as fast as they are taken.
pub struct Download {
    /// How many bytes will come, where the service says so.
    pub length: Option<u64>,
    /// Set if the service granted the range: first position, last position, and whole length if told.
    pub range: Option<(u64, u64, Option<u64>)>,
    /// Media type, where the service says so.
    pub content_type: Option<String>,
    /// The bytes.
    pub bytes: ByteStream,
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("length", &self.length)
            .field("range", &self.range)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}
