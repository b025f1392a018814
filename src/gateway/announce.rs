//! Tells a run's caller that its state changed, once the ledger has it.

use super::Gateway;
use crate::{
    domain::{CallerId, RunId, ServiceId},
    events::Event,
    ga4gh::wes::State,
};

impl Gateway {
    /// Tells what the ledger says of a run.
    pub(super) fn announce(
        &self,
        run_id: RunId,
        caller: &CallerId,
        service: Option<&ServiceId>,
        state: State,
    ) {
        let (caller, service) = (caller.clone(), service.cloned());
        self.parts.events.publish(Event::RunState { run_id, caller, service, state });
    }

    /// Tells a state that a service may overtake: between the ledger and us the watch may have written
    /// down and told a later one. The last that is told of a run is always what the ledger holds.
    pub(super) async fn announce_early(
        &self,
        run_id: RunId,
        caller: &CallerId,
        service: Option<&ServiceId>,
        state: State,
    ) {
        self.announce(run_id, caller, service, state);
        if let Ok(Some(entry)) = self.parts.ledger.get(&run_id).await
            && entry.state != state
        {
            self.announce(run_id, caller, service, entry.state);
        }
    }
}
