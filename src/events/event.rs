//! What happened, and who may know.

use serde_json::{Value, json};

use crate::{
    domain::{CallerId, RunId, ServiceId},
    ga4gh::wes::State,
};

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
            Self::RunState { caller, .. } => Audience::Caller(caller.clone()),
            Self::Node { .. } | Self::Alert { .. } => Audience::Operators,
        }
    }

    /// What listeners are told, beside its name, id and time.
    pub fn data(&self) -> Value {
        match self {
            Self::ServiceState { service, state, why } => {
                json!({"service": service.as_str(), "state": state, "why": why})
            }
            Self::ServiceCircuit { service, circuit, why } => {
                json!({"service": service.as_str(), "circuit": circuit, "why": why})
            }
            Self::ServiceRecord { service, change } => {
                json!({"service": service.as_str(), "change": change})
            }
            Self::RunState { run_id, caller: _, service, state } => json!({
                "run_id": run_id.to_string(),
                "service": service.as_ref().map(ServiceId::as_str),
                "state": state.as_str(),
            }),
            Self::Node { node, standing, why } => {
                json!({"node": node, "standing": standing, "why": why})
            }
            Self::Alert { alert, rule, subject, resolved, message } => json!({
                "alert": alert,
                "rule": rule,
                "subject": subject,
                "resolved": resolved,
                "message": message,
            }),
        }
    }
}
