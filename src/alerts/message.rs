//! What is said about an alert: JSON for programs, words for people.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Severity,
    alert::{Alert, Kind},
};
use crate::ga4gh::time;

/// The body of a webhook, as Standard Webhooks advises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Message {
    /// `alert.raised`, `alert.escalated`, `alert.resolved` or `alert.test`.
    pub(super) r#type: String,
    /// When it happened.
    pub(super) timestamp: String,
    /// The alert.
    pub(super) data: Data,
}

/// An alert in a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Data {
    /// Id of the alert.
    pub(super) alert: String,
    /// The rule that raised it.
    pub(super) rule: String,
    /// The service that it is about.
    pub(super) service: String,
    /// What of the service it is about.
    pub(super) subject: String,
    /// How bad it is.
    pub(super) severity: Severity,
    /// In words for people.
    pub(super) message: String,
    /// When it was raised.
    pub(super) raised_at: String,
    /// When it was resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) resolved_at: Option<String>,
    /// Why it was resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) resolution: Option<String>,
}

/// Id of a new message. It sorts by time.
pub(super) fn new_id() -> String {
    format!("msg_{}", Uuid::now_v7().simple())
}

/// A message about an alert, as JSON.
pub(super) fn payload(kind: Kind, alert: &Alert) -> String {
    let at = |micros| Timestamp::from_microsecond(micros).map(time::format).unwrap_or_default();
    let message = Message {
        r#type: format!("alert.{}", kind.as_str()),
        timestamp: at(alert.last_seen),
        data: Data {
            alert: alert.id.clone(),
            rule: alert.rule.clone(),
            service: alert.service_id.clone(),
            subject: alert.subject.clone(),
            severity: alert.severity,
            message: alert.message.clone(),
            raised_at: at(alert.raised_at),
            resolved_at: alert.resolved_at.map(at),
            resolution: alert.resolution.clone(),
        },
    };
    serde_json::to_string(&message).expect("a message is plain data")
}

/// A message that tries a channel, as JSON.
pub(super) fn test_payload(now: Timestamp) -> String {
    let now = now.as_microsecond();
    payload(
        Kind::Test,
        &Alert {
            id: "test".to_owned(),
            rule: "test".to_owned(),
            service_id: "none".to_owned(),
            subject: "service/none".to_owned(),
            severity: Severity::Info,
            message: "This is a test. Nothing is wrong.".to_owned(),
            raised_at: now,
            last_seen: now,
            resolved_at: None,
            resolution: None,
            acknowledged_at: None,
            acknowledged_by: None,
            note: None,
        },
    )
}

impl Message {
    /// The subject line of a mail.
    pub(super) fn headline(&self) -> String {
        let Data { rule, service, severity, .. } = &self.data;
        let word = self.word();
        match word {
            "test" => "[ga4gh-gateway] test".to_owned(),
            _ => format!("[ga4gh-gateway] {word}: {rule} of {service} ({})", severity.as_str()),
        }
    }

    /// The text of a mail.
    pub(super) fn text(&self) -> String {
        let Data { alert, rule, service, severity, message, raised_at, .. } = &self.data;
        let head = match (self.word(), &self.data.resolution) {
            ("resolved", Some(why)) => format!("Resolved: {why}.\n\nIt was: {message}"),
            ("escalated", _) => format!("It got worse: {message}"),
            _ => message.clone(),
        };
        let mut text = format!(
            "{head}\n\nService:   {service}\nRule:      {rule}\nSeverity:  {}\nRaised:    {raised_at}\n",
            severity.as_str(),
        );
        if let Some(resolved_at) = &self.data.resolved_at {
            text.push_str(&format!("Resolved:  {resolved_at}\n"));
        }
        text.push_str(&format!("Alert:     {alert}\n"));
        text
    }

    fn word(&self) -> &str {
        self.r#type.trim_start_matches("alert.")
    }
}
