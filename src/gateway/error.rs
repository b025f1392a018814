//! Why a use case was not carried out, by what its caller can do about it.

use std::{collections::BTreeMap, time::Duration};

use super::credentials::refusal;
use crate::{
    audit, backend,
    domain::{Lack, ServiceId},
    ledger, policy, routing, vault,
};

/// Why a use case was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is wrong; the same request will fail again. No run exists.
    #[error("{0}")]
    Input(InputFault),
    /// Policy allows no service. No run exists.
    #[error(transparent)]
    Denied(#[from] policy::Denial),
    /// The request fits no service where the run may go. No run exists.
    #[error("{message} ({rule})")]
    Unfit {
        /// How it misses the service that it fits best.
        misfit: routing::Misfit,
        /// The same in words for people.
        message: String,
        /// The rule that says where the run may go.
        rule: String,
    },
    /// The caller wants a service that is not there, or where the run may not go. No run exists.
    #[error("no permitted service is called `{0}`")]
    UnknownService(ServiceId),
    /// No service can take the run now; a later moment may do. No run exists.
    #[error("no service can take the run now")]
    NoService {
        /// The services that were considered, and why each cannot; a bounded number of them.
        excluded: BTreeMap<ServiceId, String>,
        /// When it may be worth another try, if a service said so.
        retry_after: Option<Duration>,
    },
    /// The caller has to enter or renew a credential of their own first. On a submission, no run exists.
    #[error("{}", .services.values().map(String::as_str).collect::<Vec<_>>().join("; "))]
    Credential {
        /// What to do, for each service.
        services: BTreeMap<ServiceId, String>,
    },
    /// The service refused the run. No run exists.
    #[error("service {service} refused the run: {message}")]
    Refused {
        /// Which service.
        service: ServiceId,
        /// HTTP status of its answer.
        status: u16,
        /// Its own words.
        message: String,
    },
    /// Too many submissions are under way. No run exists.
    #[error("too many submissions are under way")]
    Busy,
    /// The `Idempotency-Key` belongs to a submission that is still under way.
    #[error("a submission with this Idempotency-Key is still under way")]
    KeyBusy,
    /// The `Idempotency-Key` belongs to a submission with another body.
    #[error("this Idempotency-Key was used for another request")]
    KeyReused,
    /// The caller has no such run.
    #[error("there is no such run")]
    UnknownRun,
    /// The run has no such task.
    #[error("the run has no such task")]
    UnknownTask,
    /// The run has no such log or output.
    #[error("the run has no such file")]
    UnknownFile,
    /// The file was there, and is gone.
    #[error("the file is no longer available: {0}")]
    FileGone(String),
    /// No byte of the file lies in the range that was asked for.
    #[error("no byte of the file lies in the range")]
    RangeNotSatisfiable,
    /// The page token is not one of this caller's.
    #[error("the page_token is not one that was handed out to you")]
    BadPageToken,
    /// The service cannot be asked now. The run's last known state is kept.
    #[error("service {service} cannot be asked now: {why}")]
    ServiceUnavailable {
        /// Which service.
        service: ServiceId,
        /// In words for people.
        why: String,
        /// When it may be worth another try, if the service said so.
        retry_after: Option<Duration>,
    },
    /// The service is no longer part of the federation. The run's last known state is kept.
    #[error("service {service} is no longer part of the federation")]
    ServiceGone {
        /// Which service.
        service: ServiceId,
    },
    /// What was asked cannot be written into the audit trail, and so it is not done.
    #[error("the audit trail cannot be written, and nothing is done without it")]
    Unaudited(#[from] audit::Error),
    /// The gateway itself failed.
    #[error("the gateway failed")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFault {
    /// A stable word of the error catalogue.
    pub reason: &'static str,
    /// In words for people.
    pub message: String,
}

impl InputFault {
    /// A fault with its stable word.
    pub fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into() }
    }
}

impl std::fmt::Display for InputFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for InputFault {}

impl From<InputFault> for Error {
    fn from(fault: InputFault) -> Self {
        Self::Input(fault)
    }
}

impl From<ledger::Error> for Error {
    fn from(error: ledger::Error) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl From<vault::Error> for Error {
    fn from(error: vault::Error) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl Error {
    /// What a caller has to do about their credential for a service.
    pub(super) fn of_lack(service: &ServiceId, lack: &Lack) -> Self {
        Self::Credential { services: BTreeMap::from([(service.clone(), lack.words(service))]) }
    }

    /// What it means to a caller that a service could not be read from, with a credential of their own or
    /// with the gateway's.
    pub(super) fn of_read(service: &ServiceId, own: bool, error: &backend::Error) -> Self {
        if let Some(words) = refusal(service, error).filter(|_| own) {
            return Self::Credential { services: BTreeMap::from([(service.clone(), words)]) };
        }
        let retry_after = match error {
            backend::Error::Unavailable { retry_after, .. }
            | backend::Error::Busy { retry_after, .. } => *retry_after,
            backend::Error::Gone(why) => return Self::FileGone(why.clone()),
            backend::Error::Uncertain { .. }
            | backend::Error::Refused { .. }
            | backend::Error::Credential { .. }
            | backend::Error::UnknownRun
            | backend::Error::Unsupported(_)
            | backend::Error::Malformed(_)
            | backend::Error::Input(_) => None,
        };
        Self::ServiceUnavailable { service: service.clone(), why: error.to_string(), retry_after }
    }
}
