//! Asks where a run may go, by the law, the records and the time of this moment.

use super::Gateway;
use crate::{
    domain::{Caller, Needs},
    policy::{Ask, Denial, Permit},
    registry::Snapshot,
};

impl Gateway {
    /// Where a run may go now.
    pub(super) fn permit(
        &self,
        caller: &Caller,
        needs: &Needs,
        fleet: &Snapshot,
    ) -> Result<Permit, Denial> {
        let datasets = self.parts.datasets.view();
        let record = needs.dataset.as_ref().and_then(|id| datasets.get(id));
        let panel = needs.imputation.as_ref().map(|imputation| imputation.panel.as_str());
        let panel = panel.and_then(|name| self.parts.panels.shelves().terms_of(name));
        let ask = Ask {
            caller,
            needs,
            dataset: record.map(|record| record.dataset.as_ref()),
            panel: panel.as_ref(),
            now: self.parts.clock.now(),
        };
        self.parts.law.current().evaluate(&ask, fleet)
    }
}
