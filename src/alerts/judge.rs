//! What a rule finds in the facts of one service. Pure: values in, a finding out.

use std::time::Duration;

use humantime_serde::re::humantime::format_duration;
use jiff::Timestamp;

use super::{
    Facts, Severity,
    rule::{Condition, Rule},
};
use crate::{domain::ServiceId, registry::Reach};

/// What a rule finds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Finding {
    /// It is so.
    Firing {
        /// How bad it is.
        severity: Severity,
        /// Since when it is so, where that is known.
        since: Option<Timestamp>,
        /// In words for people.
        message: String,
    },
    /// Neither bad enough to raise an alert nor good enough to resolve one, or not known.
    Between,
    /// It is not so.
    Clear,
}

/// What is better than this share of a bound resolves an alert; between it and the bound nothing changes.
const RELEASE: f64 = 0.8;

/// What the rule finds.
pub(super) fn judge(rule: &Rule, facts: &Facts, now: Timestamp) -> Finding {
    let service = &facts.service;
    let firing = |message| Finding::Firing { severity: rule.severity, since: None, message };
    match &rule.condition {
        Condition::Down => down(rule, facts),
        // Too few calls to say anything are nothing to complain about.
        Condition::FailureRate { min_samples, .. } if facts.samples < *min_samples => {
            Finding::Clear
        }
        Condition::FailureRate { above, .. } => {
            let Some(failed) = facts.success_rate.map(|rate| 1.0 - rate) else {
                return Finding::Clear;
            };
            measured(f64::from(failed), f64::from(*above), || {
                let (failed, above) = (failed * 100.0, above * 100.0);
                firing(format!(
                    "{failed:.0} % of the calls to {service} fail, more than {above:.0} %"
                ))
            })
        }
        Condition::Slow { above } => {
            let Some(latency) = facts.latency else { return Finding::Clear };
            measured(latency.as_secs_f64(), above.as_secs_f64(), || {
                let (latency, above) = (words(latency), words(*above));
                firing(format!("{service} takes {latency} to answer, longer than {above}"))
            })
        }
        Condition::Flapping { openings } if facts.openings >= *openings => {
            let count = facts.openings;
            firing(format!("the circuit of {service} opened {count} times in a short while"))
        }
        Condition::Flapping { openings } if facts.openings * 2 > *openings => Finding::Between,
        Condition::Flapping { .. } => Finding::Clear,
        Condition::CredentialExpiring { within } => {
            let what = format!("the credential for {service}");
            expiring(rule, &what, facts.credential_expires_at, within, now)
        }
        Condition::CertificateExpiring { within } => {
            let what = format!("the certificate of {service}");
            expiring(rule, &what, facts.certificate_expires_at, within, now)
        }
        Condition::CallerCredentialExpiring { within } => {
            let Some((count, first)) = facts.caller_credentials else { return Finding::Clear };
            let what = match count {
                1 => format!("a caller's credential for {service}"),
                _ => format!("the first of {count} credentials of callers for {service}"),
            };
            expiring(rule, &what, Some(first), within, now)
        }
    }
}

fn down(rule: &Rule, facts: &Facts) -> Finding {
    let (cannot, why) = match &facts.reach {
        // After a start an alert stays until the service was asked.
        Reach::Unknown => return Finding::Between,
        Reach::Usable => return Finding::Clear,
        Reach::Unusable { why } => ("used", why),
        Reach::Unreachable { why } => ("reached", why),
    };
    Finding::Firing {
        severity: rule.severity,
        since: Some(facts.reach_since),
        message: format!("{} cannot be {cannot}: {why}", facts.service),
    }
}

fn measured(value: f64, bound: f64, firing: impl FnOnce() -> Finding) -> Finding {
    if value > bound {
        firing()
    } else if value > bound * RELEASE {
        Finding::Between
    } else {
        Finding::Clear
    }
}

/// The last step has the severity of the rule, the one before it one less, and so on.
fn expiring(
    rule: &Rule,
    what: &str,
    expires_at: Option<Timestamp>,
    within: &[Duration],
    now: Timestamp,
) -> Finding {
    let Some(expires_at) = expires_at else { return Finding::Clear };
    let left = Duration::try_from(expires_at.duration_since(now)).ok();
    let passed = within.iter().filter(|step| left.is_none_or(|left| left <= **step)).count();
    if passed == 0 {
        return Finding::Clear;
    }
    let message = match left {
        Some(left) => format!("{what} expires in {}, at {expires_at:.0}", words(left)),
        None => format!("{what} has expired, at {expires_at:.0}"),
    };
    Finding::Firing { severity: rule.severity.lowered(within.len() - passed), since: None, message }
}

/// What is said once it is not so any more.
pub(super) fn over(rule: &Rule, service: &ServiceId) -> String {
    match rule.condition {
        Condition::Down => format!("{service} can be used again"),
        Condition::FailureRate { .. } => format!("calls to {service} succeed again"),
        Condition::Slow { .. } => format!("{service} answers fast enough again"),
        Condition::Flapping { .. } => format!("the circuit of {service} is calm again"),
        Condition::CredentialExpiring { .. } => {
            format!("the credential for {service} does not expire soon any more")
        }
        Condition::CertificateExpiring { .. } => {
            format!("the certificate of {service} does not expire soon any more")
        }
        Condition::CallerCredentialExpiring { .. } => {
            format!("no credential of a caller for {service} expires soon any more")
        }
    }
}

/// A span in words, as exact as people want it.
pub(super) fn words(span: Duration) -> String {
    let seconds = span.as_secs();
    let span = match seconds {
        0..10 => Duration::from_millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
        10..3600 => Duration::from_secs(seconds),
        3600..172_800 => Duration::from_secs(seconds / 60 * 60),
        _ => Duration::from_secs(seconds / 3600 * 3600),
    };
    format_duration(span).to_string()
}
