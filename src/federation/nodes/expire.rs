//! Leases run out: a node that is not heard of gets no more runs.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Error, Nodes, Result};

/// Nodes that are looked at in one step.
const STEP: u32 = 200;

impl Nodes {
    /// Looks at leases until `shutdown`, and makes good what was left half done.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let not_before = self.first_expiry();
        loop {
            if let Err(error) = self.sweep(not_before).await {
                tell(&error);
            }
            tokio::select! {
                () = tokio::time::sleep(self.parts.config.sweep) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// When a gateway that starts now lets the first node expire: while it was down nobody could send a
    /// heartbeat.
    pub(super) fn first_expiry(&self) -> Timestamp {
        let grace =
            SignedDuration::try_from(self.parts.config.lease).unwrap_or(SignedDuration::MAX);
        self.parts.clock.now().checked_add(grace).unwrap_or(Timestamp::MAX)
    }

    /// Looks at all nodes once.
    pub(super) async fn sweep(&self, not_before: Timestamp) -> Result<()> {
        if self.parts.clock.now() >= not_before {
            self.expire_overdue().await?;
        }
        self.align_all().await
    }

    /// Lets every lease that ran out end. Says how many did.
    pub(super) async fn expire_overdue(&self) -> Result<usize> {
        let mut expired = 0;
        loop {
            let overdue = self.parts.roster.overdue(STEP).await?;
            if overdue.is_empty() {
                return Ok(expired);
            }
            for node in overdue {
                let now = self.parts.clock.now();
                // A heartbeat may have come since.
                let (node, over) = self.change(&node.id, |node| Ok(node.expire(now))).await?;
                if over {
                    expired += 1;
                    self.tell(&node, "expired", &node.reason);
                    self.align(&node.id).await?;
                }
            }
        }
    }

    /// Makes every service what the standing of its node says. One that cannot be is told, and holds up no
    /// other.
    pub(super) async fn align_all(&self) -> Result<()> {
        let mut after = None;
        loop {
            let page = self.parts.roster.nodes(None, after.as_ref(), STEP).await?;
            for node in &page.nodes {
                if let Err(error) = self.align_if_needed(node).await {
                    tell(&error);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

fn tell(error: &Error) {
    warn!(error = error as &dyn std::error::Error, "nodes cannot be looked at now: {error}");
}
