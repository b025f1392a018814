//! The roster: who was invited to register a node, and how every node that registered stands.
//!
//! Its rules are values: a [`Node`] is read, changed by one of its methods, and written back if nobody
//! else changed it meanwhile.

mod invitation;
mod invitations;
mod node;
mod roster;
mod row;
mod standing;

use std::sync::Arc;

use crate::{database::Database, domain::Clock};

pub use self::{
    invitation::{Bounds, Invitation, InvitationState},
    node::{Member, Node, Proposal, Report, SelfState},
    roster::{Enrolled, Page},
    standing::{Change, Standing, WrongStanding},
};

/// The roster. Cheap to clone; clones write to one database.
#[derive(Debug, Clone)]
pub struct Roster {
    database: Database,
    clock: Arc<dyn Clock>,
}

/// Why the roster could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not do it; nothing was changed. A later moment may do.
    #[error("the roster of nodes cannot be read or written")]
    Database(#[from] sqlx::Error),
    /// What is stored cannot be understood; a newer gateway may have written it.
    #[error("the roster of nodes holds something that cannot be read: {0}")]
    Unreadable(String),
}

/// The result of asking the roster.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Roster {
    /// The roster in an open database.
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    fn now(&self) -> i64 {
        self.clock.now().as_microsecond()
    }
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::Unreadable(error.to_string())
}
