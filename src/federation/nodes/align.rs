//! Makes the service of a node what the standing of the node says, whatever happened before.

use std::borrow::Cow;

use tracing::warn;

use super::{Nodes, Result, decide::document};
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

/// What there is to do about the service of a node.
enum Step {
    /// It is what the standing says.
    Nothing,
    /// What was approved is not in force.
    PutInForce,
    /// It is in force, and in another mode than the standing asks for.
    SetMode(Record, Mode, Cow<'static, str>),
    /// The node has left, or was never approved.
    LetGo(Record),
}

impl Nodes {
    /// [`Nodes::align`], if there seems to be anything to do for a node that was just read. That is seen
    /// without waiting for anything.
    pub(super) async fn align_if_needed(&self, node: &Node) -> Result<()> {
        match self.step(node)? {
            Step::Nothing => Ok(()),
            Step::PutInForce | Step::SetMode(..) | Step::LetGo(_) => self.align(&node.id).await,
        }
    }

    /// [`Nodes::align_held`], as a decision of its own.
    pub(super) async fn align(&self, id: &ServiceId) -> Result<()> {
        let _one = self.writer.lock().await;
        self.align_held(id).await
    }

    /// Sets the mode of a node's service, or takes it out. Called with the lock held.
    pub(super) async fn align_held(&self, id: &ServiceId) -> Result<()> {
        let Some(node) = self.parts.roster.node(id).await? else { return Ok(()) };
        let step = match self.step(&node)? {
            Step::PutInForce => {
                if self.was_taken_out(&node).await? {
                    let (why, now) = ("its service was taken out", self.parts.clock.now());
                    let withdraw = |node: &mut Node| Ok(node.withdraw("gateway", why, now)?);
                    let (node, ()) = self.change(id, withdraw).await?;
                    self.tell(&node, "withdrawn", why);
                    return Ok(());
                }
                self.put_in_force(&document(&node)?, None, false).await?;
                self.step(&node)?
            }
            step => step,
        };
        match step {
            Step::Nothing | Step::PutInForce => Ok(()),
            Step::SetMode(record, mode, note) => self.set_mode(&record, mode, &note).await,
            Step::LetGo(record) => self.let_go(&record).await,
        }
    }

    fn step(&self, node: &Node) -> Result<Step> {
        let record = self.record(&node.id);
        match node.standing {
            Standing::Approved | Standing::Expired | Standing::Suspended => {
                let approved = document(node)?.to_service()?;
                let in_force = |record: &Record| approved.is_in_place_of(&record.service);
                let Some(record) = record.filter(in_force) else { return Ok(Step::PutInForce) };
                let (mode, note) = wanted(node);
                let done = is_set(&record, mode, &note);
                Ok(if done { Step::Nothing } else { Step::SetMode(record, mode, note) })
            }
            Standing::Pending | Standing::Refused | Standing::Withdrawn => {
                Ok(record.map_or(Step::Nothing, Step::LetGo))
            }
        }
    }

    /// Whether an operator took the service out that was approved of a node.
    async fn was_taken_out(&self, node: &Node) -> Result<bool> {
        if self.record(&node.id).is_some() {
            return Ok(false);
        }
        let approved = document(node)?.to_service()?;
        let last = self.parts.federation.removed(&node.id).await?;
        Ok(last.is_some_and(|last| approved.is_in_place_of(&last.service)))
    }

    async fn let_go(&self, record: &Record) -> Result<()> {
        let id = record.id();
        if !self.parts.ledger.has_open_runs(id).await.unwrap_or(true) {
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
        if is_set(record, mode, note) {
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

/// Whether a record is in a mode, or in one that an operator set.
fn is_set(record: &Record, mode: Mode, note: &str) -> bool {
    let ours = record.mode == Mode::Active || record.mode_note.starts_with(OURS);
    !ours || (record.mode == mode && record.mode_note == note)
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
            // Everybody reads the note. The reason is for operators, and stands with the node.
            (Mode::Maintenance, format!("{OURS}suspended").into())
        }
        (Standing::Expired, _) => {
            (Mode::Maintenance, format!("{OURS}it was not heard of, and its lease ran out").into())
        }
        (Standing::Pending | Standing::Refused | Standing::Withdrawn, _) => {
            (Mode::Maintenance, LEFT.into())
        }
    }
}
