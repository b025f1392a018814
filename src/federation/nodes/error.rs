//! Why a node or its operator is refused, by what they can do about it.

use super::proof::ProofError;
use crate::{
    domain::{Flaw, ServiceId},
    federation,
    nodes::{self, Standing, WrongStanding},
};

/// Why a use case was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nodes do not register here.
    #[error("this gateway takes no registrations of nodes")]
    Disabled,
    /// What was signed is not believed.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// There is no invitation that can be used with this secret. Whether there ever was one is not told.
    #[error("the invitation is not valid; ask the operator of the gateway for a new one")]
    Invitation,
    /// The node is not what it was invited as.
    #[error("the invitation is for another node: {0}")]
    OutsideInvitation(String),
    /// The document of the service is wrong.
    #[error("the service document is wrong: {}", federation::error::list(.0))]
    Flawed(Vec<Flaw>),
    /// The gateway must not be made to call its address.
    #[error("the address of the service is not allowed: {0}")]
    Forbidden(String),
    /// Somebody else has the id.
    #[error("the id `{0}` is taken")]
    IdTaken(ServiceId),
    /// Too much is going on; a later moment will do.
    #[error("too many registrations at a time")]
    Busy,
    /// Others changed the node again and again at this very moment.
    #[error("the node was changed by others at the same moment; send it again")]
    Overtaken,
    /// A bound is reached.
    #[error("there are too many {0}")]
    TooMany(&'static str),
    /// There is no such node.
    #[error("there is no node `{0}`")]
    UnknownNode(String),
    /// There is no such invitation that could be revoked.
    #[error("there is no such invitation, or a node has used it")]
    UnknownInvitation,
    /// The node does not stand where this is possible.
    #[error("this cannot be done to a node that is {}", .0.as_str())]
    WrongStanding(Standing),
    /// The node asked for something else meanwhile.
    #[error("the node changed what it asks for: look again, at revision {0}")]
    OtherRevision(i64),
    /// A member of the request is wrong.
    #[error("{0}")]
    BadRequest(String),
    /// The service could not be put in force.
    #[error(transparent)]
    Federation(federation::Error),
    /// The gateway itself failed.
    #[error("the gateway failed")]
    Internal(#[source] nodes::Error),
}

impl From<nodes::Error> for Error {
    fn from(error: nodes::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<WrongStanding> for Error {
    fn from(WrongStanding(standing): WrongStanding) -> Self {
        Self::WrongStanding(standing)
    }
}

impl From<Flaw> for Error {
    fn from(flaw: Flaw) -> Self {
        Self::Flawed(vec![flaw])
    }
}

impl From<federation::Error> for Error {
    fn from(error: federation::Error) -> Self {
        match error {
            federation::Error::Flawed(flaws) => Self::Flawed(flaws),
            federation::Error::Taken(id) | federation::Error::Retired(id) => Self::IdTaken(id),
            other => Self::Federation(other),
        }
    }
}
