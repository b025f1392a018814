//! A node leaves.

use super::{Nodes, Purpose, Result};
use crate::nodes::Node;

impl Nodes {
    /// Lets a node leave. Its service gets no more runs, and is taken out when those that it has ended.
    pub async fn withdraw(&self, id: &str, text: &str) -> Result<Node> {
        let now = self.parts.clock.now();
        let why = "the node left";
        let (node, ()) = self
            .heard(id, text, Purpose::Withdraw, |node, _, _| Ok(node.withdraw("node", why, now)?))
            .await?;
        self.tell(&node, "withdrawn", why);
        self.align(&node.id).await?;
        Ok(node)
    }
}
