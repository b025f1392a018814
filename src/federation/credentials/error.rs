//! Why a credential was not taken in or removed, by what its caller can do about it.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    domain::{Flaw, ServiceId},
    vault,
};

/// Why a use case was not carried out. Nothing was kept or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The document is wrong. What stands in it is not told.
    #[error("{}: {}", .0.member, .0.why)]
    Flawed(Flaw),
    /// There is no such service.
    #[error("there is no service `{0}`")]
    UnknownService(ServiceId),
    /// The service is not shown credentials of callers.
    #[error("`{0}` is not shown credentials of callers: runs go there with the gateway's own")]
    NotWanted(ServiceId),
    /// The credential says itself that it has expired.
    #[error("the credential expired at {0:.0}; make a new one at the service")]
    Expired(Timestamp),
    /// The service was asked, and did not accept it.
    #[error("`{service}` does not accept the credential: {message}")]
    Refused {
        /// Which service.
        service: ServiceId,
        /// Its own words.
        message: String,
    },
    /// The service could not be asked, and so the credential was not kept.
    #[error("`{service}` cannot be asked now whether it accepts the credential: {why}")]
    Unchecked {
        /// Which service.
        service: ServiceId,
        /// In words for people.
        why: String,
        /// When it may be worth another try, if the service said so.
        retry_after: Option<Duration>,
    },
    /// The caller has entered none for the service.
    #[error("you have entered no credential for `{0}`")]
    Missing(ServiceId),
    /// Too many credentials are being checked. A later moment may do.
    #[error("too many credentials are being checked")]
    Busy,
    /// The gateway itself failed.
    #[error("the gateway failed")]
    Internal(#[source] vault::Error),
}

impl From<Flaw> for Error {
    fn from(flaw: Flaw) -> Self {
        Self::Flawed(flaw)
    }
}

impl From<vault::Error> for Error {
    fn from(error: vault::Error) -> Self {
        Self::Internal(error)
    }
}
