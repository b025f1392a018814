//! Answers what would become of a run, at every service and by which rule.

use super::{Policies, PolicyError};
use crate::{
    domain::Caller,
    policy::{Explained, Scenario},
};

impl Policies {
    /// What would become of a run. Without a caller in the scenario, `asker` would submit it.
    pub fn evaluate(&self, scenario: &Scenario, asker: &Caller) -> Result<Explained, PolicyError> {
        let mut question = scenario.read(&self.parts.floor.blocs).map_err(PolicyError::Scenario)?;
        if scenario.caller.is_none() {
            question.caller = asker.clone();
        }
        if question.dataset.is_none()
            && let Some(id) = &question.needs.dataset
        {
            let record = self.parts.datasets.view().get(id).cloned();
            question.dataset = record.map(|record| record.dataset.as_ref().clone());
        }
        if let (None, Some(name)) = (&question.panel, &scenario.panel) {
            question.panel = self.parts.panels.shelves().terms_of(name);
        }
        let fleet = self.parts.registry.snapshot();
        let ask = question.ask(self.parts.clock.now());
        Ok(self.parts.law.current().explain(&ask, &fleet))
    }
}
