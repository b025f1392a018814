//! From findings to alerts: what is raised, what goes on, what is over. Pure: the state of before and the
//! facts of now in, the state of after and what changed out.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    Facts, Severity,
    judge::{Finding, judge, over},
    rule::Rule,
};
use crate::domain::ServiceId;

/// One open alert or one in the making, at most, for each rule and subject.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    watched: BTreeMap<Key, Watched>,
}

/// A rule's name, and what it is about.
type Key = (String, String);

#[derive(Debug, Clone, PartialEq)]
enum Watched {
    /// It is so, and not yet for long enough.
    Pending { since: Timestamp },
    /// There is an alert.
    Open {
        severity: Severity,
        /// Since when it is over; an alert goes once that has lasted.
        clear_since: Option<Timestamp>,
    },
}

/// Something about an alert that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The rule's name.
    pub rule: String,
    /// What it is about.
    pub subject: String,
    /// What changed.
    pub change: Change,
}

/// What changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// There is an alert now.
    Raised {
        /// The service that it is about.
        service: ServiceId,
        /// How bad it is.
        severity: Severity,
        /// In words for people.
        message: String,
    },
    /// It got worse.
    Escalated {
        /// How bad it is now.
        severity: Severity,
        /// In words for people.
        message: String,
    },
    /// It is over, or nobody wants to know any more.
    Resolved {
        /// Why, in words for people.
        why: String,
    },
}

impl State {
    /// The state after a restart: these alerts are open, as a rule, a subject and a severity.
    pub fn of_open(open: impl IntoIterator<Item = (String, String, Severity)>) -> Self {
        let watched = open.into_iter().map(|(rule, subject, severity)| {
            ((rule, subject), Watched::Open { severity, clear_since: None })
        });
        Self { watched: watched.collect() }
    }

    /// The state after a look at all services, and what changed by it.
    pub fn after(
        &self,
        rules: &[Rule],
        fleet: &[Facts],
        now: Timestamp,
    ) -> (Self, Vec<Transition>) {
        let mut next = Self::default();
        let mut transitions = Vec::new();
        let mut looked_at = BTreeSet::new();
        for rule in rules {
            for facts in fleet.iter().filter(|facts| rule.covers(facts) && !facts.maintenance) {
                let key = (rule.name.clone(), rule.subject(&facts.service));
                let finding = judge(rule, facts, now);
                let (watched, change) =
                    step(self.watched.get(&key), finding, rule, &facts.service, now);
                if let Some(change) = change {
                    let (rule, subject) = key.clone();
                    transitions.push(Transition { rule, subject, change });
                }
                if self.watched.contains_key(&key) {
                    looked_at.insert(key.clone());
                }
                if let Some(watched) = watched {
                    next.watched.insert(key, watched);
                }
            }
        }
        transitions.extend(self.unwatched(&looked_at, rules, fleet));
        (next, transitions)
    }

    /// The open alerts about which no rule says anything any more.
    fn unwatched(
        &self,
        looked_at: &BTreeSet<Key>,
        rules: &[Rule],
        fleet: &[Facts],
    ) -> Vec<Transition> {
        let open = self.watched.iter().filter(|(key, watched)| match watched {
            Watched::Open { .. } => !looked_at.contains(*key),
            Watched::Pending { .. } => false,
        });
        open.map(|((name, subject), _)| {
            let rule = rules.iter().find(|rule| rule.name == *name && rule.enabled);
            let facts = rule.and_then(|rule| {
                fleet.iter().find(|facts| rule.subject(&facts.service) == *subject)
            });
            let why = match (rule, facts) {
                (None, _) => "the rule is not in force any more",
                (Some(_), None) => "the service is not in the federation any more",
                (Some(_), Some(facts)) if facts.maintenance => "the service is in maintenance",
                (Some(_), Some(_)) => "the rule is not about this service any more",
            };
            Transition {
                rule: name.clone(),
                subject: subject.clone(),
                change: Change::Resolved { why: why.to_owned() },
            }
        })
        .collect()
    }
}

/// One step of one rule and one subject.
fn step(
    before: Option<&Watched>,
    finding: Finding,
    rule: &Rule,
    service: &ServiceId,
    now: Timestamp,
) -> (Option<Watched>, Option<Change>) {
    match (before, finding) {
        (Some(Watched::Open { severity: was, .. }), Finding::Firing { severity, message, .. }) => {
            let open = Watched::Open { severity: severity.max(*was), clear_since: None };
            let change = (severity > *was).then_some(Change::Escalated { severity, message });
            (Some(open), change)
        }
        (Some(Watched::Open { severity, .. }), Finding::Between) => {
            (Some(Watched::Open { severity: *severity, clear_since: None }), None)
        }
        (Some(Watched::Open { severity, clear_since }), Finding::Clear) => {
            let since = clear_since.unwrap_or(now);
            if lasted(since, now) >= rule.clear_after {
                (None, Some(Change::Resolved { why: over(rule, service) }))
            } else {
                (Some(Watched::Open { severity: *severity, clear_since: Some(since) }), None)
            }
        }
        (before, Finding::Firing { severity, since, message }) => {
            let known = match before {
                Some(Watched::Pending { since }) => Some(*since),
                Some(Watched::Open { .. }) | None => None,
            };
            let since = known.into_iter().chain(since).min().unwrap_or(now);
            if lasted(since, now) < rule.r#for {
                return (Some(Watched::Pending { since }), None);
            }
            let open = Watched::Open { severity, clear_since: None };
            (Some(open), Some(Change::Raised { service: service.clone(), severity, message }))
        }
        (before, Finding::Between) => (before.cloned(), None),
        (Some(Watched::Pending { .. }) | None, Finding::Clear) => (None, None),
    }
}

fn lasted(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}
