//! What can go wrong on the wire, told by what it proves.

use std::{error::Error as StdError, time::Duration};

use super::{BoxError, Problem, Refusal};
use crate::backend::Error;

/// Why a call did not get a whole answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No connection: nothing was sent.
    #[error("no connection")]
    Connect(#[source] BoxError),
    /// The guard does not let this address through; nothing was sent.
    #[error("{0}")]
    Forbidden(Refusal),
    /// The connection broke, or the answer did not follow HTTP. What was sent may have had an effect.
    #[error("the connection broke")]
    Broken(#[source] BoxError),
    /// Nothing moved for too long. What was sent may have had an effect.
    #[error("no answer within {after:?}")]
    Timeout {
        /// How long was waited.
        after: Duration,
    },
    /// Our own side broke off the upload; the other side saw half a request.
    #[error("the upload broke off")]
    Upload(#[source] std::io::Error),
    /// The answer is longer than is read.
    #[error("the answer is longer than {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: usize,
    },
    /// The token endpoint of the service's identity provider gave no token; nothing was sent.
    #[error("no access token: {0}")]
    NoToken(String),
    /// The credential cannot be put in a header; nothing was sent.
    #[error("the credential holds characters that no header may carry")]
    BadCredential,
    /// A whole answer, but one that says that the server failed.
    #[error("the server failed with HTTP {0}")]
    Status(u16),
    /// The address cannot be asked for; nothing was sent.
    #[error("the address is not a valid one")]
    BadUrl,
}

impl HttpError {
    /// Why there is no connection.
    pub(super) fn of_connect(error: BoxError) -> Self {
        match refusal(error.as_ref()) {
            Some(refusal) => Self::Forbidden(refusal.clone()),
            None => Self::Connect(error),
        }
    }

    /// Whether no whole answer came, so that the next call would most likely fare no better.
    pub fn is_transport(&self) -> bool {
        !matches!(self, Self::Status(_))
    }

    /// What a failed read means: nothing happened, and a later moment may do.
    pub fn into_read_error(self) -> Error {
        match self {
            Self::NoToken(message) => Error::Credential { message },
            Self::TooLarge { .. } => Error::Malformed(self.to_string()),
            other => Error::Unavailable {
                why: other.to_string(),
                retry_after: None,
                source: Some(other),
            },
        }
    }

    /// What a failed submission means: uncertain, unless it is proven that nothing was sent whole.
    pub fn into_submit_error(self) -> Error {
        match self {
            Self::Connect(_)
            | Self::Forbidden(_)
            | Self::NoToken(_)
            | Self::BadCredential
            | Self::BadUrl => self.into_read_error(),
            // A request that was cut short is refused by every HTTP server; it cannot be run.
            Self::Upload(source) => Error::Input(source),
            Self::Broken(_) | Self::Timeout { .. } | Self::TooLarge { .. } | Self::Status(_) => {
                Error::Uncertain { why: self.to_string(), source: Some(self) }
            }
        }
    }
}

/// The guard's word among the causes of an error.
fn refusal<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Refusal> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// An error and what caused it, one after the other. An I/O error hides its own cause from
/// [`StdError::source`], so it is opened.
pub(super) fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn StdError + 'static) = *error;
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        inner.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}

impl Problem {
    /// What an error answer to a read means, where the service's protocol says nothing special.
    pub fn into_read_error(self) -> Error {
        match self.status {
            401 | 403 => Error::Credential { message: self.message },
            404 => Error::UnknownRun,
            410 => Error::Gone(self.message),
            429 => Error::Busy { message: self.message, retry_after: self.retry_after },
            500.. => Error::Unavailable {
                why: format!("HTTP {}: {}", self.status, self.message),
                retry_after: self.retry_after,
                source: Some(HttpError::Status(self.status)),
            },
            _ => Error::Refused { status: self.status, message: self.message },
        }
    }

    /// What an error answer to a submission means, where the protocol says nothing special: 503 and 429
    /// prove that nothing was placed, other 5xx prove nothing.
    pub fn into_submit_error(self) -> Error {
        match self.status {
            401 | 403 => Error::Credential { message: self.message },
            429 => Error::Busy { message: self.message, retry_after: self.retry_after },
            // Envoy says so of a service that died after it got the request.
            503 if self.message.contains("disconnect/reset") => {
                let why = format!("HTTP 503: {}", self.message);
                Error::Uncertain { why, source: Some(HttpError::Status(self.status)) }
            }
            503 => Error::Unavailable {
                why: self.message,
                retry_after: self.retry_after,
                source: Some(HttpError::Status(self.status)),
            },
            500.. => Error::Uncertain {
                why: format!("HTTP {}: {}", self.status, self.message),
                source: Some(HttpError::Status(self.status)),
            },
            _ => Error::Refused { status: self.status, message: self.message },
        }
    }
}
