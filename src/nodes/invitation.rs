//! An invitation: a secret that registers one node, once, and what that node must be.

use jiff::Timestamp;

use crate::domain::{Jurisdiction, ServiceId};

/// An invitation, without its secret: that is shown once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its name; no secret.
    pub id: String,
    /// For whom it is, in an operator's words.
    pub label: String,
    /// What the node must be.
    pub bounds: Bounds,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Registrations that showed its secret and were refused for another reason.
    pub attempts: i64,
    /// When it was used, and by which node.
    pub used: Option<(Timestamp, String)>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What an invitation says of the node that may use it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The id that it takes, and no other.
    pub service_id: Option<ServiceId>,
    /// The host of its URL, in lower case.
    pub host: Option<String>,
    /// The country under whose law it stands.
    pub jurisdiction: Option<Jurisdiction>,
}

/// Whether an invitation can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationState {
    /// It can.
    Open,
    /// A node used it.
    Used,
    /// Its time is over.
    Expired,
    /// An operator revoked it.
    Revoked,
    /// Too many registrations failed with it.
    Exhausted,
}

impl Invitation {
    /// Whether it can be used now, where so many failed registrations are borne.
    pub fn state(&self, now: Timestamp, max_attempts: u32) -> InvitationState {
        if self.used.is_some() {
            InvitationState::Used
        } else if self.revoked_at.is_some() {
            InvitationState::Revoked
        } else if self.expires_at <= now {
            InvitationState::Expired
        } else if self.attempts >= i64::from(max_attempts) {
            InvitationState::Exhausted
        } else {
            InvitationState::Open
        }
    }
}

impl InvitationState {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Used => "used",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Exhausted => "exhausted",
        }
    }
}
