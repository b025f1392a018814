//! What can go wrong with a service, told by what one may do about it.

use std::time::Duration;

use super::client::HttpError;

/// Why a service did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing was decided and nothing was placed; a later moment or another service may do.
    #[error("the service is unavailable: {why}")]
    Unavailable {
        /// In words for people.
        why: String,
        /// When the service wants to be asked again, if it said so.
        retry_after: Option<Duration>,
        /// The transport's own story, if that is where it failed.
        #[source]
        source: Option<HttpError>,
    },
    /// The answer to a submission was lost: the run may exist. Never submit it elsewhere; reconcile.
    #[error("the service did not confirm the run: {why}")]
    Uncertain {
        /// In words for people.
        why: String,
        /// The transport's own story, if that is where it failed.
        #[source]
        source: Option<HttpError>,
    },
    /// The service understood and said no. The same request will fail there again.
    #[error("the service refused: {message}")]
    Refused {
        /// HTTP status of the answer.
        status: u16,
        /// The service's own words, cleaned of markup.
        message: String,
    },
    /// The service takes no more runs of this account for now; nothing was placed.
    #[error("the service takes no more runs for now: {message}")]
    Busy {
        /// The service's own words.
        message: String,
        /// When the service wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// The credential is missing, expired, revoked or not allowed. Says nothing about any run.
    #[error("the service did not accept the credential: {message}")]
    Credential {
        /// The service's own words.
        message: String,
    },
    /// The service does not know the run.
    #[error("the service does not know the run")]
    UnknownRun,
    /// The file is gone: deleted, expired, or its allowance of downloads is used up.
    #[error("the file is no longer available: {0}")]
    Gone(String),
    /// The service cannot do this at all.
    #[error("the service cannot do this: {0}")]
    Unsupported(&'static str),
    /// The service answered something that its protocol does not know, such as a proxy's HTML page.
    #[error("the service gave an answer that makes no sense: {0}")]
    Malformed(String),
    /// The caller's files broke off or broke a rule; the submission was cut short and nothing placed.
    #[error("the files of the submission broke off")]
    Input(#[source] std::io::Error),
}

impl Error {
    /// Unavailable, for a reason of ours.
    pub fn unavailable(why: impl Into<String>) -> Self {
        Self::Unavailable { why: why.into(), retry_after: None, source: None }
    }

    /// What happened, without a word of the service's: those may name files or samples, and a log goes
    /// where the data may not. The whole story is with the run, for its caller.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "unavailable",
            Self::Uncertain { .. } => "uncertain",
            Self::Refused { .. } => "refused",
            Self::Busy { .. } => "busy",
            Self::Credential { .. } => "credential not accepted",
            Self::UnknownRun => "unknown run",
            Self::Gone(_) => "gone",
            Self::Unsupported(_) => "unsupported",
            Self::Malformed(_) => "answer makes no sense",
            Self::Input(_) => "input broke off",
        }
    }

    /// Uncertain, for a reason of ours.
    pub fn uncertain(why: impl Into<String>) -> Self {
        Self::Uncertain { why: why.into(), source: None }
    }
}
