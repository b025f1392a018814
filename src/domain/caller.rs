//! Who asks.

use std::collections::BTreeSet;

use super::{CallerId, Visa};

/// An authenticated caller. Only `auth` makes one from a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Issuer and subject.
    pub id: CallerId,
    /// The institution that the issuer vouches for.
    pub institution: Option<String>,
    /// What the caller may do beyond their own runs.
    pub roles: BTreeSet<Role>,
    /// What trusted sources assert about the caller. Each ends at its own time.
    pub visas: Vec<Visa>,
    /// What the credential may be used for; all of it, unless it says less.
    pub scopes: BTreeSet<Scope>,
    /// The id of the API key that was shown, where it was one.
    pub key: Option<String>,
}

impl Caller {
    /// A caller of whom nothing is known but who it is.
    pub fn new(id: CallerId) -> Self {
        Self {
            id,
            institution: None,
            roles: BTreeSet::new(),
            visas: Vec::new(),
            scopes: BTreeSet::from(Scope::ALL),
            key: None,
        }
    }
}

/// What a caller may do beyond their own runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Submits runs and sees their own.
    Researcher,
    /// Looks after a service of the federation.
    NodeOperator,
    /// Writes residency rules and reads the trail.
    DataSteward,
    /// Runs the gateway.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] =
        [Self::Researcher, Self::NodeOperator, Self::DataSteward, Self::Operator];

    /// The word in tokens and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Researcher => "researcher",
            Self::NodeOperator => "node_operator",
            Self::DataSteward => "data_steward",
            Self::Operator => "operator",
        }
    }

    /// Reads the word in tokens and configuration.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// What a credential may be used for, whatever its caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// To look.
    Read,
    /// To submit runs and to cancel them.
    Submit,
    /// To change anything else.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 3] = [Self::Read, Self::Submit, Self::Admin];

    /// The word in requests and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Admin => "admin",
        }
    }

    /// Reads the word in requests and configuration.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}
