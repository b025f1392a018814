//! Nodes that register themselves: invited by an operator, known by their key, approved by an operator,
//! and believed as long as they show signs of life.

mod address;
mod align;
mod config;
mod decide;
mod error;
mod expire;
mod heartbeat;
mod invite;
mod proof;
mod register;
mod withdraw;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Mutex, Semaphore};

use self::proof::{ProofError, Terms};
use super::Federation;
use crate::{
    backend::client::Guard,
    domain::{Clock, ServiceId},
    events::{Event, Events},
    ledger::Ledger,
    nodes::{Node, Page, Roster, Standing},
    registry::Registry,
};

pub use self::{
    config::Config,
    decide::Approval,
    error::Error,
    invite::{Invited, NewInvitation},
    proof::{Claims, ProofError as Refusal, Purpose, TYP},
};

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that the use cases stand on.
#[derive(Debug)]
pub struct Parts {
    /// Bounds and spans.
    pub config: Config,
    /// What nodes must write in `aud`.
    pub audience: String,
    /// Who was invited, and how every node stands.
    pub roster: Roster,
    /// What puts a service in force.
    pub federation: Arc<Federation>,
    /// The services in force.
    pub registry: Arc<Registry>,
    /// Which services have runs.
    pub ledger: Ledger,
    /// Where services of nodes may be.
    pub guard: Guard,
    /// Who is told of changes.
    pub events: Events,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
}

/// The use cases around nodes that register themselves.
#[derive(Debug)]
pub struct Nodes {
    parts: Parts,
    /// One decision at a time, so that roster and registry are changed together.
    writer: Mutex<()>,
    /// Signed requests under way.
    places: Semaphore,
}

/// How often a change is tried again that another one overtook.
const TRIES: usize = 8;

impl Nodes {
    /// The use cases over their parts.
    pub fn new(parts: Parts) -> Arc<Self> {
        let places = Semaphore::new(parts.config.max_concurrent);
        Arc::new(Self { parts, writer: Mutex::new(()), places })
    }

    /// What nodes must write in `aud`.
    pub fn audience(&self) -> &str {
        &self.parts.audience
    }

    /// Bounds and spans.
    pub fn config(&self) -> &Config {
        &self.parts.config
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// One node.
    pub async fn node(&self, id: &str) -> Result<Node> {
        let unknown = || Error::UnknownNode(id.to_owned());
        let id: ServiceId = id.parse().map_err(|_| unknown())?;
        self.parts.roster.node(&id).await?.ok_or_else(unknown)
    }

    /// Nodes in the order of their ids.
    pub async fn nodes(
        &self,
        standing: Option<Standing>,
        after: Option<&ServiceId>,
        limit: u32,
    ) -> Result<Page> {
        Ok(self.parts.roster.nodes(standing, after, limit).await?)
    }

    /// Reads a node, changes it, and writes it back, again if somebody else was faster.
    async fn change<T>(
        &self,
        id: &ServiceId,
        mut change: impl FnMut(&mut Node) -> Result<T>,
    ) -> Result<(Node, T)> {
        for _ in 0..TRIES {
            let unknown = || Error::UnknownNode(id.to_string());
            let before = self.parts.roster.node(id).await?.ok_or_else(unknown)?;
            let mut node = before.clone();
            let done = change(&mut node)?;
            if node == before || self.parts.roster.write(&node).await? {
                return Ok((node, done));
            }
        }
        Err(Error::Overtaken)
    }

    /// The terms of a check that is made now.
    fn terms(&self) -> Terms<'_> {
        Terms {
            audience: &self.parts.audience,
            now: self.parts.clock.now(),
            skew: self.parts.config.clock_skew,
            max_life: self.parts.config.max_proof_life,
        }
    }

    /// A place among the signed requests under way, for one that is short enough.
    fn admit(&self, text: &str) -> Result<tokio::sync::SemaphorePermit<'_>> {
        if !self.parts.config.enabled {
            return Err(Error::Disabled);
        }
        if text.len() > self.parts.config.max_body_bytes {
            return Err(ProofError::TooLarge.into());
        }
        self.places.try_acquire().map_err(|_| Error::Busy)
    }

    fn tell(&self, node: &Node, standing: &'static str, why: &str) {
        let why = (!why.is_empty()).then(|| why.to_owned());
        tracing::info!(node.id = %node.id, "node {}: {standing}", node.id);
        self.parts.events.publish(Event::Node { node: node.id.to_string(), standing, why });
    }
}
