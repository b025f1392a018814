//! What happened, and who may know.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    domain::{CallerId, RunId, ServiceId},
    ga4gh::wes::State,
};

/// The stable names of all kinds of events.
pub const NAMES: [&str; 7] = [
    "service.state",
    "service.circuit",
    "service.record",
    "run.state",
    "credential.expiring",
    "node.standing",
    "alert",
];

/// Longest text for people in an event, in bytes, so that what is kept of events is bounded.
const MAX_TEXT: usize = 1024;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The condition of a service is another one.
    ServiceState {
        /// Which service.
        service: ServiceId,
        /// `up`, `degraded`, `down`, `maintenance` or `draining`.
        state: &'static str,
        /// Why, in words for people.
        why: Option<String>,
    },
    /// The circuit of a service opened, half-opened or closed.
    ServiceCircuit {
        /// Which service.
        service: ServiceId,
        /// `closed`, `open` or `half_open`.
        circuit: &'static str,
        /// Why, in words for people.
        why: String,
    },
    /// The record of a service was added, changed or removed.
    ServiceRecord {
        /// Which service.
        service: ServiceId,
        /// `added`, `changed`, `mode` or `removed`.
        change: &'static str,
    },
    /// A run entered a state.
    RunState {
        /// Which run.
        run_id: RunId,
        /// Whose it is.
        caller: CallerId,
        /// The service that has it.
        service: Option<ServiceId>,
        /// The state.
        state: State,
    },
    /// A credential that a caller has entered ends soon, or has ended.
    CredentialExpiring {
        /// Whose it is.
        caller: CallerId,
        /// For which service.
        service: ServiceId,
        /// When it ends.
        expires_at: Timestamp,
        /// It has ended already.
        expired: bool,
    },
    /// A node that registers itself changed its standing.
    Node {
        /// Which node.
        node: String,
        /// `pending`, `approved`, `refused`, `suspended`, `expired`, `returned` or `withdrawn`.
        standing: &'static str,
        /// Why, in an operator's words.
        why: Option<String>,
    },
    /// An alert was raised or resolved.
    Alert {
        /// Id of the alert.
        alert: String,
        /// The rule that raised it.
        rule: String,
        /// What it is about: a service, a credential, a certificate.
        subject: String,
        /// It is over.
        resolved: bool,
        /// In words for people.
        message: String,
    },
}

/// Who may know of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Every authenticated caller.
    Everyone,
    /// One caller, and nobody else.
    Caller(CallerId),
    /// Those who run the federation.
    Operators,
}

impl Event {
    /// The stable name of its kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ServiceState { .. } => "service.state",
            Self::ServiceCircuit { .. } => "service.circuit",
            Self::ServiceRecord { .. } => "service.record",
            Self::RunState { .. } => "run.state",
            Self::CredentialExpiring { .. } => "credential.expiring",
            Self::Node { .. } => "node.standing",
            Self::Alert { .. } => "alert",
        }
    }

    /// Who may know of it.
    pub fn audience(&self) -> Audience {
        match self {
            Self::ServiceState { .. }
            | Self::ServiceCircuit { .. }
            | Self::ServiceRecord { .. } => Audience::Everyone,
            Self::RunState { caller, .. } | Self::CredentialExpiring { caller, .. } => {
                Audience::Caller(caller.clone())
            }
            Self::Node { .. } | Self::Alert { .. } => Audience::Operators,
        }
    }

    /// The service that it is about.
    pub fn service(&self) -> Option<&ServiceId> {
        match self {
            Self::ServiceState { service, .. }
            | Self::ServiceCircuit { service, .. }
            | Self::ServiceRecord { service, .. }
            | Self::CredentialExpiring { service, .. } => Some(service),
            Self::RunState { service, .. } => service.as_ref(),
            Self::Node { .. } | Self::Alert { .. } => None,
        }
    }

    /// The run that it is about.
    pub fn run_id(&self) -> Option<RunId> {
        match self {
            Self::RunState { run_id, .. } => Some(*run_id),
            Self::ServiceState { .. }
            | Self::ServiceCircuit { .. }
            | Self::ServiceRecord { .. }
            | Self::CredentialExpiring { .. }
            | Self::Node { .. }
            | Self::Alert { .. } => None,
        }
    }

    /// What listeners are told, beside its name, id and time.
    pub fn data(&self) -> Value {
        match self {
            Self::ServiceState { service, state, why } => {
                json!({"service": service.as_str(), "state": state, "why": short_of(why)})
            }
            Self::ServiceCircuit { service, circuit, why } => {
                json!({"service": service.as_str(), "circuit": circuit, "why": short(why)})
            }
            Self::ServiceRecord { service, change } => {
                json!({"service": service.as_str(), "change": change})
            }
            Self::RunState { run_id, caller: _, service, state } => json!({
                "run_id": run_id.to_string(),
                "service": service.as_ref().map(ServiceId::as_str),
                "state": state.as_str(),
            }),
            Self::CredentialExpiring { caller: _, service, expires_at, expired } => json!({
                "service": service.as_str(),
                "expires_at": format!("{expires_at:.0}"),
                "expired": expired,
                "renew": format!("PUT /api/v1/credentials/{service}"),
            }),
            Self::Node { node, standing, why } => {
                json!({"node": short(node), "standing": standing, "why": short_of(why)})
            }
            Self::Alert { alert, rule, subject, resolved, message } => json!({
                "alert": short(alert),
                "rule": short(rule),
                "subject": short(subject),
                "resolved": resolved,
                "message": short(message),
            }),
        }
    }
}

/// The beginning of a text that is too long.
fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}

fn short_of(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(short)
}
