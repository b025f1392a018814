//! One node as the roster holds it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Bounds, Standing};
use crate::{domain::ServiceId, jose::Key};

/// One node as the roster holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its id, and that of the service that it registers.
    pub id: ServiceId,
    /// How it stands.
    pub standing: Standing,
    /// Why, in words for people.
    pub reason: String,
    /// Who decided last.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// What is in force; while the node is pending, what it asks for.
    pub current: Member,
    /// A change that waits for approval.
    pub next: Option<Proposal>,
    /// Counts what was asked for, so that an approval means what was looked at.
    pub revision: i64,
    /// It was approved at some time: runs may be tied to its id.
    pub served: bool,
    /// The invitation that it came with.
    pub invitation_id: String,
    /// For whom that was, in an operator's words.
    pub label: String,
    /// What it said of the node.
    pub bounds: Bounds,
    /// The last signed number that was taken.
    pub sequence: i64,
    /// When it expires unless it is heard of.
    pub lease_until: Option<Timestamp>,
    /// When it was last heard of.
    pub heartbeat_at: Option<Timestamp>,
    /// How often it was heard of.
    pub heartbeats: i64,
    /// How often it expired.
    pub expiries: i64,
    /// What it last said of itself.
    pub report: Report,
    /// When it registered.
    pub created_at: Timestamp,
    /// When standing or record last changed.
    pub changed_at: Timestamp,
    /// Counts the changes of this entry.
    pub version: i64,
}

/// What a node is: its service, and the key that speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its service, as it is written down by people.
    pub document: Value,
    /// Its public key.
    pub key: Key,
}

/// A change that waits for approval.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// What the node would be.
    pub member: Member,
    /// Since when.
    pub proposed_at: Timestamp,
}

/// What a node says of itself with a heartbeat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whether it wants runs.
    #[serde(default)]
    pub state: SelfState,
    /// Why, in words for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Runs that it works on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<u32>,
    /// Runs that wait there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<u32>,
}

/// Whether a node wants runs, by its own word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfState {
    /// It does.
    #[default]
    Active,
    /// It finishes those that it has.
    Draining,
    /// It is being worked on.
    Maintenance,
}

impl SelfState {
    /// The word in a heartbeat and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Draining => "draining",
            Self::Maintenance => "maintenance",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Active, Self::Draining, Self::Maintenance]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

impl Node {
    /// The keys that speak for it: its own, and one that waits for approval.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        let next = self.next.iter().map(|next| &next.member.key);
        std::iter::once(&self.current.key).chain(next)
    }

    /// Whether a key is one of them.
    pub fn knows(&self, key: &Key) -> bool {
        self.keys().any(|known| known == key)
    }

    /// A node that just registered.
    pub fn registered(
        id: ServiceId,
        member: Member,
        invitation: &super::Invitation,
        sequence: i64,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            standing: Standing::Pending,
            reason: String::new(),
            decided_by: None,
            decided_at: None,
            current: member,
            next: None,
            revision: 1,
            served: false,
            invitation_id: invitation.id.clone(),
            label: invitation.label.clone(),
            bounds: invitation.bounds.clone(),
            sequence,
            lease_until: None,
            heartbeat_at: None,
            heartbeats: 0,
            expiries: 0,
            report: Report::default(),
            created_at: now,
            changed_at: now,
            version: 1,
        }
    }
}
