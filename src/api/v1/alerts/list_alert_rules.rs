//! `GET /api/v1/alerts/rules`: what is looked for.

use std::time::Duration;

use axum::extract::State;
use humantime_serde::re::humantime::format_duration;
use serde::Serialize;
use utoipa::ToSchema;

use super::READERS;
use crate::{
    alerts::{self, Condition, Severity},
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        json::Private,
    },
};

/// The rules in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertRuleList {
    /// The rules: the built-in ones, then those of the configuration.
    rules: Vec<AlertRule>,
}

/// What is looked for. Spans are written as in the configuration, such as `5m`.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct AlertRule {
    /// Its name.
    name: String,
    /// What it looks for.
    when: String,
    /// Whether it looks at all.
    enabled: bool,
    /// How bad it is.
    severity: Severity,
    /// How long it must last before an alert is raised.
    r#for: String,
    /// How long it must be over before the alert is resolved.
    clear_after: String,
    /// Only these services; all, if empty.
    services: Vec<String>,
    /// Only services of these kinds; all, if empty.
    kinds: Vec<String>,
    /// The share of calls that may fail, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_failure_rate: Option<f32>,
    /// The calls from which on a share means something.
    #[serde(skip_serializing_if = "Option::is_none")]
    min_samples: Option<u32>,
    /// How long an answer may take on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_latency: Option<String>,
    /// How often the circuit opens within its window.
    #[serde(skip_serializing_if = "Option::is_none")]
    openings: Option<u32>,
    /// How long before it expires, each step worse than the one before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    within: Option<Vec<String>>,
}

/// Tells what is looked for.
#[utoipa::path(
    get,
    path = "/alerts/rules",
    tag = "alerts",
    responses(
        (status = 200, description = "The rules in force", body = AlertRuleList),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller has no role that may see alerts", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn list_alert_rules(
    State(api): State<Api>,
    caller: Authenticated,
) -> Result<Private<AlertRuleList>> {
    caller.require(READERS)?;
    Ok(Private(AlertRuleList { rules: api.alerts.rules().iter().map(AlertRule::from).collect() }))
}

impl From<&alerts::Rule> for AlertRule {
    fn from(rule: &alerts::Rule) -> Self {
        let mut told = Self {
            name: rule.name.clone(),
            when: rule.condition.when().as_str().to_owned(),
            enabled: rule.enabled,
            severity: rule.severity,
            r#for: span(&rule.r#for),
            clear_after: span(&rule.clear_after),
            services: rule.services.iter().map(ToString::to_string).collect(),
            kinds: rule.kinds.iter().cloned().collect(),
            ..Self::default()
        };
        match &rule.condition {
            Condition::Down => {}
            Condition::FailureRate { above, min_samples } => {
                told.max_failure_rate = Some(*above);
                told.min_samples = Some(*min_samples);
            }
            Condition::Slow { above } => told.max_latency = Some(span(above)),
            Condition::Flapping { openings } => told.openings = Some(*openings),
            Condition::CredentialExpiring { within }
            | Condition::CertificateExpiring { within }
            | Condition::CallerCredentialExpiring { within } => {
                told.within = Some(within.iter().map(span).collect());
            }
        }
        told
    }
}

fn span(span: &Duration) -> String {
    format_duration(*span).to_string()
}
