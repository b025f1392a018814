//! A node says that it is alive, or asks how it stands.

use super::{
    Nodes, ProofError, Purpose, Result,
    proof::{Claims, Shown},
};
use crate::{
    domain::ServiceId,
    nodes::{Change, Node, Report},
};

/// The longest note of a node about itself.
const MAX_NOTE: usize = 500;

impl Nodes {
    /// Takes a heartbeat. The node is told how it stands.
    pub async fn heartbeat(&self, id: &str, text: &str) -> Result<Node> {
        let (now, lease) = (self.parts.clock.now(), self.parts.config.lease);
        let (node, change) = self
            .heard(id, text, Purpose::Heartbeat, |node, claims, approved_key| {
                let report = readable(claims.report.clone().unwrap_or_default());
                // A key that nobody approved yet keeps nothing alive.
                if approved_key { Ok(node.beat(report, now, lease)?) } else { Ok(Change::Waiting) }
            })
            .await?;
        if change == Change::Returned {
            self.tell(&node, "returned", "");
        }
        if matches!(change, Change::Returned | Change::Renewed) {
            self.align_if_needed(&node).await?;
        }
        Ok(node)
    }

    /// Tells a node how it stands.
    pub async fn status(&self, id: &str, text: &str) -> Result<Node> {
        let (node, ()) = self.heard(id, text, Purpose::Status, |_, _, _| Ok(())).await?;
        Ok(node)
    }

    /// Lets a node that proves its key do something, once.
    pub(super) async fn heard<T>(
        &self,
        id: &str,
        text: &str,
        purpose: Purpose,
        mut act: impl FnMut(&mut Node, &Claims, bool) -> Result<T>,
    ) -> Result<(Node, T)> {
        let _place = self.admit(text)?;
        let shown = Shown::parse(text)?;
        let thumbprint = shown.key_id()?;
        let id: ServiceId = id.parse().map_err(|_| ProofError::UnknownKey)?;
        let node = self.parts.roster.node(&id).await?.ok_or(ProofError::UnknownKey)?;
        let mut keys = node.keys();
        let key = keys.find(|key| key.thumbprint() == thumbprint).ok_or(ProofError::UnknownKey)?;
        let claims = shown.verify(key, purpose, self.terms())?;
        if claims.node != id.as_str() {
            return Err(ProofError::Purpose.into());
        }
        self.change(&id, |node| {
            if !node.knows(key) {
                return Err(ProofError::UnknownKey.into());
            }
            if claims.seq <= node.sequence {
                return Err(ProofError::Replayed.into());
            }
            node.sequence = claims.seq;
            let approved_key = node.current.key == *key;
            act(node, &claims, approved_key)
        })
        .await
    }
}

/// A report whose words may stand in a log line.
fn readable(mut report: Report) -> Report {
    report.note = report.note.map(|note| {
        let plain = note.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
        plain.take(MAX_NOTE).collect()
    });
    report
}
