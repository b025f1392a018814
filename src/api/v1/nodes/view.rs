//! Nodes and invitations as the API shows them.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    federation::nodes::Nodes,
    ga4gh::time,
    jose::Key,
    nodes::{Invitation, Member, Node, Report},
};

/// A node, as operators see it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeView {
    /// Its id, and that of the service that it registers.
    id: String,
    /// `pending`, `approved`, `expired`, `suspended`, `refused` or `withdrawn`.
    standing: &'static str,
    /// Why, in words for people.
    reason: String,
    /// For whom its invitation was.
    label: String,
    /// The invitation that it came with.
    invitation_id: String,
    /// Counts what it asked for; an approval names the one that was looked at.
    revision: i64,
    /// Its service. While it is pending, what it asks for.
    #[schema(value_type = Object)]
    service: Value,
    /// The key that speaks for it.
    key: KeyView,
    /// A change that waits for approval; until then the rest is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<ChangeView>,
    /// Who decided last.
    decided_by: Option<String>,
    /// When.
    decided_at: Option<String>,
    /// When it expires unless it is heard of.
    lease_until: Option<String>,
    /// When it was last heard of.
    heartbeat_at: Option<String>,
    /// How often it was heard of.
    heartbeats: i64,
    /// How often it expired.
    expiries: i64,
    /// What it last said of itself.
    report: ReportView,
    /// When it registered.
    created_at: String,
    /// When standing or record last changed.
    changed_at: String,
}

/// A public key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyView {
    /// Its thumbprint (RFC 7638).
    thumbprint: String,
    /// `EdDSA` or `ES256`.
    algorithm: &'static str,
}

/// A change that waits for approval.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeView {
    /// What its service would be.
    #[schema(value_type = Object)]
    service: Value,
    /// The key that would speak for it.
    key: KeyView,
    /// It would be at another address.
    url_changes: bool,
    /// Another key would speak for it.
    key_changes: bool,
    /// Since when.
    proposed_at: String,
}

/// What a node says of itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportView {
    /// `active`, `draining` or `maintenance`.
    state: &'static str,
    /// Why, in words for people.
    note: Option<String>,
    /// Runs that it works on.
    running: Option<u32>,
    /// Runs that wait there.
    queued: Option<u32>,
}

/// How a node stands, as it is told itself.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct StandingView {
    /// Its id.
    pub(crate) id: String,
    /// `pending`, `approved`, `expired`, `suspended`, `refused` or `withdrawn`.
    pub(crate) standing: String,
    /// Why, in an operator's words.
    pub(crate) reason: String,
    /// A change of host, key or record waits for an operator.
    pub(crate) change_waits: bool,
    /// When it expires unless it is heard of.
    pub(crate) lease_until: Option<String>,
    /// Seconds until the next heartbeat is expected.
    pub(crate) heartbeat_seconds: u64,
    /// What it writes in `aud`.
    pub(crate) audience: String,
}

/// An invitation, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationView {
    /// Its name; no secret.
    pub(super) invitation_id: String,
    /// For whom it is.
    pub(super) label: String,
    /// `open`, `used`, `expired`, `revoked`, or `exhausted` by failed registrations.
    pub(super) state: &'static str,
    /// The id that the node takes.
    pub(super) service_id: Option<String>,
    /// The host of its URL.
    pub(super) host: Option<String>,
    /// The country under whose law it stands.
    pub(super) jurisdiction: Option<String>,
    /// Who made it.
    pub(super) created_by: String,
    /// When.
    pub(super) created_at: String,
    /// When it ends.
    pub(super) expires_at: String,
    /// Registrations that failed with it.
    pub(super) attempts: i64,
    /// The node that used it.
    pub(super) used_by: Option<String>,
    /// When.
    pub(super) used_at: Option<String>,
}

impl From<Node> for NodeView {
    fn from(node: Node) -> Self {
        let at = time::format;
        let change = node
            .next
            .as_ref()
            .map(|next| ChangeView::of(&node.current, &next.member, at(next.proposed_at)));
        Self {
            id: node.id.to_string(),
            standing: node.standing.as_str(),
            reason: node.reason,
            label: node.label,
            invitation_id: node.invitation_id,
            revision: node.revision,
            key: KeyView::of(&node.current.key),
            service: node.current.document,
            change,
            decided_by: node.decided_by,
            decided_at: node.decided_at.map(at),
            lease_until: node.lease_until.map(at),
            heartbeat_at: node.heartbeat_at.map(at),
            heartbeats: node.heartbeats,
            expiries: node.expiries,
            report: node.report.into(),
            created_at: at(node.created_at),
            changed_at: at(node.changed_at),
        }
    }
}

impl ChangeView {
    fn of(now: &Member, then: &Member, proposed_at: String) -> Self {
        Self {
            url_changes: now.document.get("url") != then.document.get("url"),
            key_changes: now.key != then.key,
            key: KeyView::of(&then.key),
            service: then.document.clone(),
            proposed_at,
        }
    }
}

impl KeyView {
    fn of(key: &Key) -> Self {
        Self { thumbprint: key.thumbprint(), algorithm: key.algorithm().as_str() }
    }
}

impl From<Report> for ReportView {
    fn from(report: Report) -> Self {
        let Report { state, note, running, queued } = report;
        Self { state: state.as_str(), note, running, queued }
    }
}

impl StandingView {
    pub(super) fn of(node: &Node, nodes: &Nodes) -> Self {
        Self {
            id: node.id.to_string(),
            standing: node.standing.as_str().to_owned(),
            reason: node.reason.clone(),
            change_waits: node.next.is_some(),
            lease_until: node.lease_until.map(time::format),
            heartbeat_seconds: nodes.config().heartbeat.as_secs().max(1),
            audience: nodes.audience().to_owned(),
        }
    }
}

impl InvitationView {
    pub(super) fn of(invitation: Invitation, now: jiff::Timestamp, max_attempts: u32) -> Self {
        let state = invitation.state(now, max_attempts).as_str();
        let (used_at, used_by) = invitation.used.unzip();
        Self {
            state,
            invitation_id: invitation.id,
            label: invitation.label,
            service_id: invitation.bounds.service_id.map(|id| id.to_string()),
            host: invitation.bounds.host,
            jurisdiction: invitation.bounds.jurisdiction.map(|law| law.to_string()),
            created_by: invitation.created_by,
            created_at: time::format(invitation.created_at),
            expires_at: time::format(invitation.expires_at),
            attempts: invitation.attempts,
            used_by,
            used_at: used_at.map(time::format),
        }
    }
}
