//! Why nothing was looked at, by what its operator can do about it.

use crate::{
    backend::client::Refusal,
    domain::{Flaw, ServiceId},
};

/// Why nothing was looked at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was handed in is wrong.
    #[error("{0}")]
    Flawed(Flaw),
    /// The address is none that may be asked. The configuration can allow it.
    #[error("the address is not asked: {0}")]
    Forbidden(Refusal),
    /// Nobody answers at the address.
    #[error("nobody answers at {address}: {why}")]
    Unreachable {
        /// The address.
        address: String,
        /// In words for people.
        why: String,
    },
    /// There is no such service.
    #[error("there is no service `{0}`")]
    UnknownService(ServiceId),
    /// As many looks are under way as there may be. A moment later will do.
    #[error("too many servers are being looked at; try again in a moment")]
    Busy,
}

impl From<Flaw> for Error {
    fn from(flaw: Flaw) -> Self {
        Self::Flawed(flaw)
    }
}
