//! Why a service was not added, changed or removed, by what its operator can do about it.

use crate::{
    domain::{Flaw, ServiceId},
    registry::{self, Source},
    vault,
};

/// Why a use case was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The document is wrong.
    #[error("{}", list(.0))]
    Flawed(Vec<Flaw>),
    /// There is no such service.
    #[error("there is no service `{0}`")]
    UnknownService(ServiceId),
    /// The id belongs to another service.
    #[error("the id `{0}` is taken")]
    Taken(ServiceId),
    /// The id belonged to another server, which still has runs of the federation.
    #[error(
        "the id `{0}` belonged to another server, and runs are tied to it; choose another id, or \
         the URL that it had"
    )]
    Retired(ServiceId),
    /// Somebody else changed the record meanwhile.
    #[error("`{id}` was changed meanwhile: it is at version {version}")]
    Stale {
        /// Which service.
        id: ServiceId,
        /// The version that it is at.
        version: i64,
    },
    /// The record is kept somewhere else, and changed there.
    #[error("`{id}` is kept by {}, and changed there", keeper(*.source_of_record))]
    KeptElsewhere {
        /// Which service.
        id: ServiceId,
        /// Who wrote the record.
        source_of_record: Source,
    },
    /// Others need the service.
    #[error("`{id}` is needed by {}", .by.iter().map(ServiceId::as_str).collect::<Vec<_>>().join(", "))]
    Needed {
        /// Which service.
        id: ServiceId,
        /// The services that depend on it or stand in for it.
        by: Vec<ServiceId>,
    },
    /// The gateway itself failed.
    #[error("the gateway failed")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Flaws in one line.
pub(super) fn list(flaws: &[Flaw]) -> String {
    let flaws: Vec<_> = flaws.iter().map(Flaw::to_string).collect();
    flaws.join("; ")
}

fn keeper(source: Source) -> &'static str {
    match source {
        Source::Configuration => "the configuration file",
        Source::Operator => "the operators",
        Source::Node => "the node that registered itself",
    }
}

impl From<Flaw> for Error {
    fn from(flaw: Flaw) -> Self {
        Self::Flawed(vec![flaw])
    }
}

impl From<registry::Error> for Error {
    fn from(error: registry::Error) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl From<vault::Error> for Error {
    fn from(error: vault::Error) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl From<crate::ledger::Error> for Error {
    fn from(error: crate::ledger::Error) -> Self {
        Self::Internal(Box::new(error))
    }
}
