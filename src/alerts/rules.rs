//! The rules in force: the built-in ones, and what the configuration makes of them.

use std::{collections::BTreeSet, time::Duration};

use super::{Condition, Rule, RuleConfig, Severity, When};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The rules in force: the built-in ones as the configuration changed them, then its own. The error names
/// the key and what is wrong with it.
pub(super) fn build(configs: &[RuleConfig]) -> Result<Vec<Rule>, (String, String)> {
    let mut rules: Vec<Rule> = When::ALL.into_iter().map(built_in).collect();
    let mut named = BTreeSet::new();
    for (position, config) in configs.iter().enumerate() {
        let failed =
            |(key, why): (&str, &str)| (format!("rules[{position}].{key}"), why.to_owned());
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if config.name.is_empty() || config.name.len() > 64 || !config.name.chars().all(plain) {
            return Err(failed(("name", "a name is lower-case letters, digits and `-`")));
        }
        if !named.insert(&config.name) {
            return Err(failed(("name", "the name is taken")));
        }
        let known = rules.iter().position(|rule| rule.name == config.name);
        match (known, config.when) {
            (Some(at), None) => rules[at] = changed(rules[at].clone(), config).map_err(failed)?,
            (Some(at), Some(when)) if rules[at].condition.when() == when => {
                rules[at] = changed(rules[at].clone(), config).map_err(failed)?;
            }
            (Some(_), Some(_)) => {
                return Err(failed(("when", "the built-in rule of this name looks for another")));
            }
            (None, Some(when)) => {
                let rule = Rule { name: config.name.clone(), ..built_in(when) };
                rules.push(changed(rule, config).map_err(failed)?);
            }
            (None, None) => {
                return Err(failed(("when", "a rule that is not built in says what it looks for")));
            }
        }
    }
    Ok(rules)
}

fn changed(mut rule: Rule, config: &RuleConfig) -> Result<Rule, (&'static str, &'static str)> {
    set(&mut rule.enabled, config.enabled);
    set(&mut rule.severity, config.severity);
    set(&mut rule.r#for, config.r#for);
    set(&mut rule.clear_after, config.clear_after);
    if let Some(services) = &config.services {
        let ids = services.iter().map(|id| id.parse()).collect::<Result<_, _>>();
        rule.services = ids.map_err(|_| ("services", "one of them is no id of a service"))?;
    }
    if let Some(kinds) = &config.kinds {
        rule.kinds = kinds.iter().cloned().collect();
    }
    let used: &[&str] = match &mut rule.condition {
        Condition::Down => &[],
        Condition::FailureRate { above, min_samples } => {
            set(above, config.max_failure_rate);
            set(min_samples, config.min_samples);
            if !(0.0..=1.0).contains(above) {
                return Err(("max_failure_rate", "a share is from 0 to 1"));
            }
            &["max_failure_rate", "min_samples"]
        }
        Condition::Slow { above } => {
            set(above, config.max_latency);
            &["max_latency"]
        }
        Condition::Flapping { openings } => {
            set(openings, config.openings);
            if *openings == 0 {
                return Err(("openings", "it is at least 1"));
            }
            &["openings"]
        }
        Condition::CredentialExpiring { within }
        | Condition::CertificateExpiring { within }
        | Condition::CallerCredentialExpiring { within } => {
            if let Some(steps) = &config.within {
                *within = steps.iter().map(|step| **step).collect();
                if within.is_empty() || !within.is_sorted_by(|a, b| a > b) {
                    return Err(("within", "it is a list of spans, the longest first"));
                }
            }
            &["within"]
        }
    };
    match bounds(config).into_iter().flatten().find(|key| !used.contains(key)) {
        Some(stray) => Err((stray, "the rule does not look at this")),
        None => Ok(rule),
    }
}

/// The keys of bounds that are set.
fn bounds(config: &RuleConfig) -> [Option<&'static str>; 5] {
    [
        config.max_failure_rate.map(|_| "max_failure_rate"),
        config.min_samples.map(|_| "min_samples"),
        config.max_latency.map(|_| "max_latency"),
        config.openings.map(|_| "openings"),
        config.within.as_ref().map(|_| "within"),
    ]
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// The built-in rule, which a rule under any name begins as.
fn built_in(when: When) -> Rule {
    let (condition, severity, r#for, clear_after) = match when {
        When::ServiceDown => (Condition::Down, Severity::Critical, 5 * MINUTE, MINUTE),
        When::FailureRate => {
            let condition = Condition::FailureRate { above: 0.25, min_samples: 20 };
            (condition, Severity::Warning, 5 * MINUTE, 5 * MINUTE)
        }
        When::SlowResponses => {
            let condition = Condition::Slow { above: Duration::from_secs(5) };
            (condition, Severity::Warning, 10 * MINUTE, 5 * MINUTE)
        }
        When::CircuitFlapping => {
            let condition = Condition::Flapping { openings: 5 };
            (condition, Severity::Warning, Duration::ZERO, 5 * MINUTE)
        }
        When::CredentialExpiring => {
            let condition = Condition::CredentialExpiring { within: vec![7 * DAY, 3 * DAY, DAY] };
            (condition, Severity::Critical, Duration::ZERO, Duration::ZERO)
        }
        When::CertificateExpiring => {
            let condition = Condition::CertificateExpiring { within: vec![14 * DAY, 3 * DAY] };
            (condition, Severity::Critical, Duration::ZERO, MINUTE)
        }
        When::CallerCredentialExpiring => {
            let within = vec![7 * DAY, 3 * DAY, DAY];
            let condition = Condition::CallerCredentialExpiring { within };
            (condition, Severity::Warning, Duration::ZERO, Duration::ZERO)
        }
    };
    Rule {
        name: when.as_str().replace('_', "-"),
        condition,
        enabled: true,
        severity,
        r#for,
        clear_after,
        services: BTreeSet::new(),
        kinds: BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    fn config(text: &str) -> Vec<RuleConfig> {
        #[derive(Deserialize)]
        struct File {
            rules: Vec<RuleConfig>,
        }
        toml::from_str::<File>(text).unwrap().rules
    }

    #[test]
    fn a_configuration_changes_built_in_rules_and_adds_its_own() {
        let rules = build(&config(
            "[[rules]]\nname = 'service-down'\nfor = '1m'\nservices = ['kenya']\n\
             [[rules]]\nname = 'credential-expiring'\nenabled = false\n\
             [[rules]]\nname = 'slow-wes'\nwhen = 'slow_responses'\nmax_latency = '1s'\nkinds = ['wes']",
        ))
        .unwrap();

        assert_eq!(rules.len(), 8);
        let rule = |name: &str| rules.iter().find(|rule| rule.name == name).unwrap();
        let down = rule("service-down");
        assert_eq!((down.r#for, down.severity), (MINUTE, Severity::Critical));
        assert_eq!(down.services.len(), 1);
        assert!(!rule("credential-expiring").enabled);
        assert_eq!(rule("slow-wes").condition, Condition::Slow { above: Duration::from_secs(1) });
        assert_eq!(
            rule("slow-responses").condition,
            Condition::Slow { above: Duration::from_secs(5) }
        );
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_key() {
        for (text, key) in [
            ("name = 'mine'", "rules[0].when"),
            ("name = ''", "rules[0].name"),
            ("name = 'service-down'\nwhen = 'failure_rate'", "rules[0].when"),
            ("name = 'service-down'\nmax_latency = '1s'", "rules[0].max_latency"),
            ("name = 'failure-rate'\nmax_failure_rate = 25", "rules[0].max_failure_rate"),
            ("name = 'circuit-flapping'\nopenings = 0", "rules[0].openings"),
            ("name = 'certificate-expiring'\nwithin = ['3d', '14d']", "rules[0].within"),
            ("name = 'service-down'\nservices = ['Not an id']", "rules[0].services"),
        ] {
            let refused = build(&config(&format!("[[rules]]\n{text}"))).unwrap_err();
            assert_eq!(refused.0, key, "{text}");
        }
    }
}
