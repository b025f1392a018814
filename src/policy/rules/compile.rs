//! Makes a set of policies out of its files, or tells everything that is wrong with them.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex},
};

use cedar_policy::{
    Authorizer, Effect, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator,
};

use super::{Flaw, RuleSet, SCHEMA};
use crate::policy::table::{self, Case};

/// More and larger files than people write are a mistake.
const MAX_POLICIES: usize = 2_000;

struct Draft {
    policies: PolicySet,
    reasons: BTreeMap<String, Arc<str>>,
    /// The file of each policy.
    files: BTreeMap<String, String>,
    named: HashSet<String>,
    names_callers: bool,
    cases: Vec<Case>,
    flaws: Vec<Flaw>,
}

impl RuleSet {
    /// Compiles the files of a set: `*.cedar` has policies, `*.tests.toml` has tables of tests, and others
    /// are no part of it. Every flaw is told.
    ///
    /// Each policy has an `@id` of its own, and each `forbid` says why in `@reason`.
    pub fn compile(files: &BTreeMap<String, String>) -> Result<Self, Vec<Flaw>> {
        let mut draft = Draft {
            policies: PolicySet::new(),
            reasons: BTreeMap::new(),
            files: BTreeMap::new(),
            named: HashSet::new(),
            names_callers: false,
            cases: Vec::new(),
            flaws: Vec::new(),
        };
        for (name, text) in files {
            if name.ends_with(".cedar") {
                draft.read_policies(name, text);
            } else if name.ends_with(table::ENDING) {
                match table::read(name, text) {
                    Ok(cases) => draft.cases.extend(cases),
                    Err(flaw) => draft.flaws.push(flaw),
                }
            }
        }
        let schema = schema();
        draft.validate(&schema);
        if !draft.flaws.is_empty() {
            return Err(draft.flaws);
        }
        Ok(Self {
            policies: draft.policies,
            schema,
            authorizer: Authorizer::new(),
            reasons: draft.reasons,
            named: draft.named,
            names_callers: draft.names_callers,
            cases: draft.cases,
            files: files.clone(),
            kept: Mutex::default(),
            groups: Mutex::default(),
        })
    }
}

fn schema() -> Schema {
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA)
        .expect("the schema is part of the program, and tested");
    schema
}

impl Draft {
    fn flaw(&mut self, file: &str, why: impl Into<String>) {
        self.flaws.push(Flaw { file: file.to_owned(), why: why.into() });
    }

    fn read_policies(&mut self, file: &str, text: &str) {
        let parsed: PolicySet = match text.parse() {
            Ok(parsed) => parsed,
            Err(error) => return self.flaw(file, format!("{error}")),
        };
        if parsed.num_of_templates() > 0 {
            self.flaw(
                file,
                "templates are not used: write policies without `?principal` or `?resource`",
            );
        }
        for policy in parsed.policies() {
            self.read_policy(file, policy);
        }
    }

    fn read_policy(&mut self, file: &str, policy: &Policy) {
        let Some(id) = policy.annotation("id").filter(|id| !id.trim().is_empty()) else {
            return self.flaw(file, "a policy has no @id(\"...\") by which decisions can name it");
        };
        let reason = policy.annotation("reason").map_or("", str::trim);
        if policy.effect() == Effect::Forbid && reason.is_empty() {
            return self.flaw(
                file,
                format!(
                    "`{id}` forbids and has no @reason(\"...\") that a data steward could read"
                ),
            );
        }
        if self.reasons.len() >= MAX_POLICIES {
            return self.flaw(file, format!("a set has at most {MAX_POLICIES} policies"));
        }
        if let Some(other) = self.files.insert(id.to_owned(), file.to_owned()) {
            return self.flaw(file, format!("the @id `{id}` is taken by a policy of {other}"));
        }
        for literal in policy.entity_literals() {
            match literal.type_name().basename() {
                "Service" => {
                    self.named.insert(literal.id().unescaped().to_owned());
                }
                "Caller" => self.names_callers = true,
                _ => {}
            }
        }
        self.reasons.insert(id.to_owned(), reason.into());
        if let Err(error) = self.policies.add(policy.new_id(PolicyId::new(id))) {
            self.flaw(file, error.to_string());
        }
    }

    /// Strictly: what is no attribute of the schema, or might be missing, is a flaw and not a surprise.
    fn validate(&mut self, schema: &Schema) {
        let result =
            Validator::new(schema.clone()).validate(&self.policies, ValidationMode::Strict);
        let errors = result.validation_errors().map(|error| (error.policy_id(), error.to_string()));
        let warnings =
            result.validation_warnings().map(|warning| (warning.policy_id(), warning.to_string()));
        let told: Vec<_> = errors.chain(warnings).map(|(id, why)| (id.to_string(), why)).collect();
        for (id, why) in told {
            let file = self.files.get(&id).cloned().unwrap_or_default();
            self.flaw(&file, why);
        }
    }
}
