//! An operator decides: approve, refuse, suspend, resume.

use super::{Error, Nodes, Result};
use crate::{
    domain::{Credential, ServiceId},
    federation::ServiceDocument,
    nodes::{Node, Standing},
};

/// What an operator approves.
#[derive(Debug)]
pub struct Approval {
    /// The revision that the operator looked at. What was asked for since is not approved.
    pub revision: i64,
    /// What the gateway shows to the service from now on; `None` leaves what there is.
    pub credential: Option<Credential>,
}

/// The longest reason.
const MAX_REASON: usize = 1000;

impl Nodes {
    /// Approves a node, or its change. Its service gets runs at once.
    pub async fn approve(&self, id: &str, approval: Approval, by: &str) -> Result<Node> {
        let _one = self.writer.lock().await;
        let node = self.node(id).await?;
        let (now, lease) = (self.parts.clock.now(), self.parts.config.lease);
        let approve = |node: &mut Node| {
            if node.revision != approval.revision {
                return Err(Error::OtherRevision(node.revision));
            }
            Ok(node.approve(by, now, lease)?)
        };
        let mut after = node.clone();
        approve(&mut after)?;
        let document = document(&after)?;
        self.check_address(&document.url).await?;
        self.put_in_force(&document, None, true).await?;
        // It may have asked for something else at this very moment; then this is refused, and nothing was
        // put in force. What a crash leaves undone from here on, `align` does.
        let (node, ()) = self.change(&node.id, approve).await?;
        self.put_in_force(&document, approval.credential, false).await?;
        self.align_held(&node.id).await?;
        self.tell(&node, node.standing.as_str(), "");
        Ok(node)
    }

    /// Refuses a node, or its change, and tells it why.
    pub async fn refuse(&self, id: &str, why: &str, by: &str) -> Result<Node> {
        let why = reason(why)?;
        let now = self.parts.clock.now();
        let node = self.decide(id, |node| Ok(node.refuse(by, why, now)?)).await?;
        self.tell(&node, "refused", why);
        Ok(node)
    }

    /// Lets a node get no more runs until it is resumed.
    pub async fn suspend(&self, id: &str, why: &str, by: &str) -> Result<Node> {
        let why = reason(why)?;
        let now = self.parts.clock.now();
        let node = self.decide(id, |node| Ok(node.suspend(by, why, now)?)).await?;
        self.tell(&node, "suspended", why);
        Ok(node)
    }

    /// Lets a suspended node go on.
    pub async fn resume(&self, id: &str, by: &str) -> Result<Node> {
        let (now, lease) = (self.parts.clock.now(), self.parts.config.lease);
        let node = self.decide(id, |node| Ok(node.resume(by, now, lease)?)).await?;
        let why = if node.standing == Standing::Expired { node.reason.as_str() } else { "" };
        self.tell(&node, node.standing.as_str(), why);
        Ok(node)
    }

    /// Takes a node out.
    pub async fn remove(&self, id: &str, by: &str) -> Result<Node> {
        let now = self.parts.clock.now();
        let why = "an operator took it out";
        let node = self.decide(id, |node| Ok(node.withdraw(by, why, now)?)).await?;
        self.tell(&node, "withdrawn", why);
        Ok(node)
    }

    async fn decide(&self, id: &str, change: impl FnMut(&mut Node) -> Result<()>) -> Result<Node> {
        let unknown = || Error::UnknownNode(id.to_owned());
        let id: ServiceId = id.parse().map_err(|_| unknown())?;
        let _one = self.writer.lock().await;
        let (node, ()) = self.change(&id, change).await?;
        self.align_held(&id).await?;
        Ok(node)
    }
}

/// The service that a node asks for, or that was approved of it.
pub(super) fn document(node: &Node) -> Result<ServiceDocument> {
    serde_json::from_value(node.current.document.clone())
        .map_err(|error| crate::nodes::Error::Unreadable(error.to_string()).into())
}

/// A reason that people can read, and that is there.
pub(super) fn reason(why: &str) -> Result<&str> {
    let why = why.trim();
    let plain = |letter: char| !letter.is_control() || letter == '\n';
    if why.is_empty() || why.len() > MAX_REASON || !why.chars().all(plain) {
        let msg = format!("`reason` says why, in at most {MAX_REASON} characters");
        return Err(Error::BadRequest(msg));
    }
    Ok(why)
}
