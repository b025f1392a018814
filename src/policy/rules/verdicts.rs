//! What the policies say of each service, asked once for all runs that they cannot tell apart.

use std::{collections::BTreeSet, sync::Arc};

use cedar_policy::Decision;

use super::{
    MAX_KEPT, MAX_KEPT_GROUPS, RuleSet, entities,
    groups::{Facts, Groups},
};
use crate::{
    domain::{Blocs, CallerId, Countries, DataClass, DatasetId, PanelTerms, Role, Term},
    policy::{Ask, bits::Bits},
    registry::Snapshot,
};

/// Everything that policies can know of a run. Two runs with one key get one answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    records: u64,
    /// Only where policies name callers.
    pub(super) caller: Option<CallerId>,
    pub(super) institution: Option<String>,
    pub(super) roles: BTreeSet<Role>,
    pub(super) visas: Vec<Asserted>,
    pub(super) origin: Countries,
    pub(super) purpose: BTreeSet<Term>,
    pub(super) workflow_type: String,
    pub(super) dataset: Option<NamedDataset>,
    pub(super) panel: Option<PanelTerms>,
}

/// A visa that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Asserted {
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) source: String,
    pub(super) issuer: String,
}

/// What policies can know of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct NamedDataset {
    pub(super) id: DatasetId,
    pub(super) class: DataClass,
    pub(super) duo: BTreeSet<Term>,
    pub(super) grant: Option<String>,
}

/// What the policies say of every service of a fleet.
#[derive(Debug)]
pub(in crate::policy) struct Verdicts {
    allowed: Bits,
    groups: Arc<Groups>,
    /// Of each group, why not.
    refused: Vec<Option<Refused>>,
}

/// Why the policies keep a run from a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) enum Refused {
    /// Policies forbid it: the first one by id, with its reason, and the ids of the others.
    Forbidden { policy: String, reason: Arc<str>, others: Vec<String> },
    /// No policy permits it.
    NotPermitted,
    /// A policy could not be asked, and whoever cannot be asked says no.
    Failed { why: String },
}

impl RuleSet {
    /// What the policies say of every service of a fleet, the floor aside.
    pub(in crate::policy) fn verdicts(
        &self,
        ask: &Ask<'_>,
        origin: &Countries,
        fleet: &Snapshot,
        blocs: &Blocs,
    ) -> Arc<Verdicts> {
        let key = self.key(ask, origin, fleet);
        if let Some(kept) = self.kept.lock().expect("no holder panics").get(&key) {
            return kept.clone();
        }
        let groups = self.groups_of(fleet);
        let refused: Vec<_> =
            groups.groups.iter().map(|service| self.refusal(&key, service, blocs)).collect();
        let mut allowed = Bits::default();
        for (slot, group) in groups.slots() {
            if refused[group].is_none() {
                allowed.set(slot);
            }
        }
        let verdicts = Arc::new(Verdicts { allowed, groups, refused });
        let mut kept = self.kept.lock().expect("no holder panics");
        let room = MAX_KEPT.min(MAX_KEPT_GROUPS / verdicts.refused.len().max(1));
        if kept.len() >= room {
            kept.clear();
        }
        kept.insert(key, verdicts.clone());
        verdicts
    }

    fn key(&self, ask: &Ask<'_>, origin: &Countries, fleet: &Snapshot) -> Key {
        let now = ask.now.as_second();
        let live = ask.caller.visas.iter().filter(|visa| now < visa.expires);
        Key {
            records: fleet.records(),
            caller: self.names_callers.then(|| ask.caller.id.clone()),
            institution: ask.caller.institution.clone(),
            roles: ask.caller.roles.clone(),
            visas: live
                .map(|visa| Asserted {
                    kind: visa.kind.clone(),
                    value: visa.value.clone(),
                    source: visa.source.clone(),
                    issuer: visa.issuer.clone(),
                })
                .collect(),
            origin: *origin,
            purpose: ask.needs.purpose.clone(),
            workflow_type: ask.needs.workflow_type.clone(),
            dataset: ask.dataset.map(|dataset| NamedDataset {
                id: dataset.id.clone(),
                class: dataset.class,
                duo: dataset.duo.clone(),
                grant: dataset.grant.clone(),
            }),
            panel: ask.panel.cloned(),
        }
    }

    fn groups_of(&self, fleet: &Snapshot) -> Arc<Groups> {
        let mut last = self.groups.lock().expect("no holder panics");
        if let Some(groups) = last.as_ref().filter(|groups| groups.records == fleet.records()) {
            return groups.clone();
        }
        let groups = Arc::new(Groups::of(fleet, &self.named));
        *last = Some(groups.clone());
        groups
    }

    /// Asks Cedar. A policy that fails is left out by Cedar; a `forbid` among them would be lost, so any
    /// failure refuses.
    fn refusal(&self, key: &Key, service: &Facts, blocs: &Blocs) -> Option<Refused> {
        let (request, entities) = match entities::question(key, service, blocs, &self.schema) {
            Ok(question) => question,
            Err(error) => return Some(Refused::Failed { why: error.to_string() }),
        };
        let answer = self.authorizer.is_authorized(&request, &self.policies, &entities);
        if let Some(error) = answer.diagnostics().errors().next() {
            return Some(Refused::Failed { why: error.to_string() });
        }
        if answer.decision() == Decision::Allow {
            return None;
        }
        let deciding: BTreeSet<String> =
            answer.diagnostics().reason().map(ToString::to_string).collect();
        let mut deciding = deciding.into_iter();
        let Some(policy) = deciding.next() else { return Some(Refused::NotPermitted) };
        let reason = self.reasons.get(&policy).cloned().unwrap_or_default();
        Some(Refused::Forbidden { policy, reason, others: deciding.collect() })
    }
}

impl Verdicts {
    /// Whether the policies allow a service.
    pub(in crate::policy) fn allows(&self, slot: u32) -> bool {
        self.allowed.has(slot)
    }

    /// Why the policies do not allow a service.
    pub(in crate::policy) fn of(&self, slot: u32) -> Option<&Refused> {
        self.refused.get(self.groups.group(slot)?)?.as_ref()
    }
}

impl Refused {
    /// What programs call the rule: the id of the policy.
    pub(in crate::policy) fn rule(&self) -> &str {
        match self {
            Self::Forbidden { policy, .. } => policy,
            Self::NotPermitted => "no-policy-permits",
            Self::Failed { .. } => "policy-failed",
        }
    }

    /// In words for a data steward.
    pub(in crate::policy) fn words(&self) -> String {
        match self {
            Self::Forbidden { policy, reason, others } if others.is_empty() => {
                format!("policy `{policy}` forbids it: {reason}")
            }
            Self::Forbidden { policy, reason, others } => {
                format!("policy `{policy}` forbids it: {reason} (so do `{}`)", others.join("`, `"))
            }
            Self::NotPermitted => "no policy permits it".to_owned(),
            Self::Failed { why } => {
                format!("a policy could not be asked, and so nothing is permitted: {why}")
            }
        }
    }
}
