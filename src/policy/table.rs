//! The tables of tests that come with a set of policies: who may run what where, and who may not.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Flaw, Law, Scenario, explain::Ruling};
use crate::{
    domain::{Jurisdiction, Service, ServiceId},
    registry::Registry,
};

/// How files with tests end.
pub(super) const ENDING: &str = ".tests.toml";

/// A file of tests.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(default)]
    tests: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    expect: Expected,
    #[serde(default)]
    by: Option<String>,
    service: Place,
    #[serde(default)]
    run: Scenario,
}

/// What a test expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Expected {
    Allowed,
    Refused,
}

/// The one service of a test.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    #[serde(default = "some_id")]
    id: String,
    #[serde(default = "some_kind")]
    kind: String,
    jurisdiction: String,
    #[serde(default)]
    controller_jurisdiction: Option<String>,
    #[serde(default)]
    certifications: Vec<String>,
    #[serde(default)]
    organization: Option<String>,
}

fn some_id() -> String {
    "some-service".to_owned()
}

fn some_kind() -> String {
    "wes".to_owned()
}

/// A row of a table.
#[derive(Debug, Clone)]
pub struct Case {
    file: String,
    name: String,
    expected: Expected,
    by: Option<String>,
    service: Service,
    scenario: Scenario,
}

/// A test that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The file.
    pub file: String,
    /// The test.
    pub test: String,
    /// What came instead, in words for people.
    pub why: String,
}

/// What came of the tests of a set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// How many hold.
    pub passed: usize,
    /// Those that do not.
    pub failures: Vec<Failure>,
    /// Policies that forbade nothing in any test.
    pub untested: Vec<String>,
}

/// Reads a file of tests.
pub(super) fn read(file: &str, text: &str) -> Result<Vec<Case>, Flaw> {
    let flaw = |why: String| Flaw { file: file.to_owned(), why };
    let table: Table = toml::from_str(text).map_err(|error| flaw(error.to_string()))?;
    let cases = table.tests.into_iter().map(|written| {
        let Written { name, expect, by, service, run } = written;
        let service =
            service.read().map_err(|why| flaw(format!("test `{name}`: service: {why}")))?;
        let file = file.to_owned();
        Ok(Case { file, name, expected: expect, by, service, scenario: run })
    });
    cases.collect()
}

impl Place {
    fn read(self) -> Result<Service, String> {
        let id: ServiceId = self.id.parse().map_err(|_| format!("`{}` is no id", self.id))?;
        let law = |text: &String| text.parse::<Jurisdiction>().map_err(|error| error.to_string());
        let url = "http://localhost".parse().expect("a URL");
        Ok(Service {
            controller_jurisdiction: self.controller_jurisdiction.as_ref().map(law).transpose()?,
            certifications: self.certifications.into_iter().collect(),
            organization: self.organization.map(|name| (name, String::new())),
            ..Service::new(id, &self.kind, url, law(&self.jurisdiction)?)
        })
    }
}

impl Law {
    /// Runs the tests that came with the policies.
    pub fn test(&self, now: Timestamp) -> Report {
        let mut report = Report::default();
        let Some(rules) = &self.rules else { return report };
        let mut decided: Vec<String> = Vec::new();
        for case in rules.cases() {
            match self.rule_on(case, now) {
                Err(why) => report.failures.push(case.failure(why)),
                Ok(ruling) => match case.miss(&ruling) {
                    Some(why) => report.failures.push(case.failure(why)),
                    None => {
                        report.passed += 1;
                        decided.push(ruling.rule);
                    }
                },
            }
        }
        let untested = rules.policies().filter(|(id, reason)| {
            // A policy without a reason permits, and is tested by whatever is allowed.
            !reason.is_empty() && !decided.iter().any(|rule| rule == id)
        });
        report.untested = untested.map(|(id, _)| id.to_owned()).collect();
        report
    }

    fn rule_on(&self, case: &Case, now: Timestamp) -> Result<Ruling, String> {
        let question = case.scenario.read(&self.floor.blocs)?;
        if question.needs.dataset.is_some() && question.dataset.is_none() {
            return Err("dataset: a test writes its dataset out, in `dataset_record`".to_owned());
        }
        let fleet = Registry::of([case.service.clone()]).snapshot();
        let mut explained = self.explain(&question.ask(now), &fleet);
        Ok(explained.services.remove(0))
    }
}

impl Case {
    fn failure(&self, why: String) -> Failure {
        Failure { file: self.file.clone(), test: self.name.clone(), why }
    }

    /// What is not as it should be, if anything is.
    fn miss(&self, ruling: &Ruling) -> Option<String> {
        let expected = self.expected == Expected::Allowed;
        if ruling.allowed != expected {
            let word = if ruling.allowed { "allowed" } else { "refused" };
            return Some(format!("it is {word}: {}", ruling.words));
        }
        let by = self.by.as_ref().filter(|by| **by != ruling.rule)?;
        Some(format!(
            "it should be decided by `{by}`, and is by `{}`: {}",
            ruling.rule, ruling.words
        ))
    }
}
