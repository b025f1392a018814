//! An alert and its deliveries, as the API tells them.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    alerts::{self, Severity},
    ga4gh::time,
};

/// Something that somebody should know.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alert {
    /// Its id.
    id: String,
    /// The rule that raised it.
    rule: String,
    /// The service that it is about.
    service: String,
    /// What of the service it is about: `service/…`, `credential/…` or `certificate/…`.
    subject: String,
    /// How bad it is, at its worst.
    severity: Severity,
    /// `open` or `resolved`.
    state: &'static str,
    /// In words for people.
    message: String,
    /// When it was raised.
    raised_at: Option<String>,
    /// When it was last found to be open.
    last_seen: Option<String>,
    /// When it was resolved.
    resolved_at: Option<String>,
    /// Why it was resolved, in words for people.
    resolution: Option<String>,
    /// Who looks after it, and since when.
    acknowledged: Option<Acknowledgment>,
}

/// Who looks after an alert.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Acknowledgment {
    /// Since when.
    at: Option<String>,
    /// Who said so: issuer and subject.
    by: String,
    /// What they wrote.
    note: String,
}

/// A message about an alert on one channel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delivery {
    /// Its id; in `webhook-id`, or in the `Message-ID` of a mail.
    id: String,
    /// The channel: the name of a webhook, or `smtp`.
    channel: String,
    /// `raised`, `escalated` or `resolved`.
    kind: String,
    /// `pending`, `delivered` or `failed`.
    state: String,
    /// How often it was tried.
    attempts: i64,
    /// When it is tried next.
    next_at: Option<String>,
    /// When it was taken.
    delivered_at: Option<String>,
    /// What came of the last try that failed.
    last_error: Option<String>,
}

impl From<alerts::Alert> for Alert {
    fn from(alert: alerts::Alert) -> Self {
        let acknowledged = alert.acknowledged_by.map(|by| Acknowledgment {
            at: alert.acknowledged_at.and_then(at),
            by,
            note: alert.note.unwrap_or_default(),
        });
        Self {
            id: alert.id,
            rule: alert.rule,
            service: alert.service_id,
            subject: alert.subject,
            severity: alert.severity,
            state: if alert.resolved_at.is_some() { "resolved" } else { "open" },
            message: alert.message,
            raised_at: at(alert.raised_at),
            last_seen: at(alert.last_seen),
            resolved_at: alert.resolved_at.and_then(at),
            resolution: alert.resolution,
            acknowledged,
        }
    }
}

impl From<alerts::Delivery> for Delivery {
    fn from(delivery: alerts::Delivery) -> Self {
        Self {
            id: delivery.id,
            channel: delivery.channel,
            kind: delivery.kind,
            state: delivery.state,
            attempts: delivery.attempts,
            next_at: delivery.next_at.and_then(at),
            delivered_at: delivery.delivered_at.and_then(at),
            last_error: delivery.last_error,
        }
    }
}

fn at(micros: i64) -> Option<String> {
    Timestamp::from_microsecond(micros).ok().map(time::format)
}
