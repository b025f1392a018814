//! Makes the service of a node what the standing of the node says, whatever happened before.

use std::borrow::Cow;

use tracing::warn;

use super::{Nodes, Result};
use crate::{
    domain::ServiceId,
    federation::Error as ServiceError,
    nodes::{Node, SelfState, Standing},
    registry::{Mode, Record, Source},
};

/// What the notes begin with by which a node's standing sets the mode of its service. A mode with
/// another note is an operator's, and is left alone.
const OURS: &str = "node: ";

/// The note of a service whose node left while it had runs.
const LEFT: &str = "node: it has left; its runs are followed to their end";

impl Nodes {
    /// [`Nodes::align_held`], as a decision of its own.
    pub(super) async fn align(&self, id: &ServiceId) -> Result<()> {
        let _one = self.writer.lock().await;
        self.align_held(id).await
    }

    /// Sets the mode of a node's service, or takes it out. Called with the lock held.
    pub(super) async fn align_held(&self, id: &ServiceId) -> Result<()> {
        let Some(node) = self.parts.roster.node(id).await? else { return Ok(()) };
        let record = self.record(id);
        match (node.standing, record) {
            (Standing::Approved | Standing::Expired | Standing::Suspended, Some(record)) => {
                let (mode, note) = wanted(&node);
                self.set_mode(&record, mode, &note).await
            }
            (Standing::Approved | Standing::Expired | Standing::Suspended, None) => {
                let (why, now) = ("its service was taken out", self.parts.clock.now());
                let withdraw = |node: &mut Node| Ok(node.withdraw("gateway", why, now)?);
                let (node, ()) = self.change(id, withdraw).await?;
                self.tell(&node, "withdrawn", why);
                Ok(())
            }
            (Standing::Pending | Standing::Refused | Standing::Withdrawn, Some(record)) => {
                self.let_go(&record).await
            }
            (Standing::Pending | Standing::Refused | Standing::Withdrawn, None) => Ok(()),
        }
    }

    /// Takes the services of nodes that have left out, as soon as their runs have ended.
    pub(super) async fn let_go_of_those_that_left(&self) -> Result<()> {
        let fleet = self.parts.registry.snapshot();
        let left = fleet.services().filter(|listing| listing.record().mode_note == LEFT);
        for listing in left {
            self.align(listing.id()).await?;
        }
        Ok(())
    }

    async fn let_go(&self, record: &Record) -> Result<()> {
        let id = record.id();
        if self.parts.ledger.services_with_live_runs().await.is_ok_and(|busy| !busy.contains(id)) {
            match self.parts.federation.remove(id, record.version, false).await {
                Ok(()) => return Ok(()),
                // Others name it: an operator has to look at them first.
                Err(ServiceError::Needed { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.set_mode(record, Mode::Maintenance, LEFT).await
    }

    async fn set_mode(&self, record: &Record, mode: Mode, note: &str) -> Result<()> {
        let ours = record.mode == Mode::Active || record.mode_note.starts_with(OURS);
        let same = record.mode == mode && record.mode_note == note;
        if same || !ours {
            return Ok(());
        }
        match self.parts.federation.set_mode(record.id(), mode, note, Some(record.version)).await {
            Ok(_) => Ok(()),
            // An operator was faster. Their word counts, and the next look sees it.
            Err(ServiceError::Stale { id, .. }) => {
                warn!(service.id = %id, "the mode of service {id} was changed meanwhile");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The record of a node's service, unless somebody else keeps it.
    fn record(&self, id: &ServiceId) -> Option<Record> {
        let fleet = self.parts.registry.snapshot();
        let record = fleet.get(id)?.record();
        (record.source == Source::Node).then(|| record.clone())
    }
}

/// The mode that the standing of a node asks for. A node that is away is as one in maintenance: it gets no
/// runs, the registry does not list it as live, services that stand in for it do, and its runs are
/// followed.
fn wanted(node: &Node) -> (Mode, Cow<'static, str>) {
    let own = |what: &str| match &node.report.note {
        Some(note) => format!("{OURS}{what} by its own word: {note}").into(),
        None => format!("{OURS}{what} by its own word").into(),
    };
    match (node.standing, node.report.state) {
        (Standing::Approved, SelfState::Active) => (Mode::Active, "".into()),
        (Standing::Approved, SelfState::Draining) => (Mode::Draining, own("draining")),
        (Standing::Approved, SelfState::Maintenance) => (Mode::Maintenance, own("in maintenance")),
        (Standing::Suspended, _) => {
            (Mode::Maintenance, format!("{OURS}suspended: {}", node.reason).into())
        }
        (Standing::Expired, _) => {
            (Mode::Maintenance, format!("{OURS}it was not heard of, and its lease ran out").into())
        }
        (Standing::Pending | Standing::Refused | Standing::Withdrawn, _) => {
            (Mode::Maintenance, LEFT.into())
        }
    }
}
