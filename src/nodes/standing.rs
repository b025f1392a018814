//! How a node stands, and which change leads from where to where. Pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Member, Node, Report};

/// How a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It registered, and waits for an operator.
    Pending,
    /// An operator approved it, and its lease runs.
    Approved,
    /// An operator approved it, and it was not heard of for a whole lease.
    Expired,
    /// An operator suspended it.
    Suspended,
    /// An operator refused it.
    Refused,
    /// It left, or an operator took it out.
    Withdrawn,
}

/// A change of standing does not lead on from where the node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the node is {}", .0.as_str())]
pub struct WrongStanding(pub Standing);

/// What came of a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The lease was renewed.
    Renewed,
    /// The node had expired, and is back.
    Returned,
    /// The heartbeat was heard, and changes nothing: the node waits for an operator.
    Waiting,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Approved,
        Self::Expired,
        Self::Suspended,
        Self::Refused,
        Self::Withdrawn,
    ];

    /// The word in the database and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == word)
    }

    /// Whether the node takes part, or asks to: nobody else may have its id.
    pub fn is_live(self) -> bool {
        match self {
            Self::Pending | Self::Approved | Self::Expired | Self::Suspended => true,
            Self::Refused | Self::Withdrawn => false,
        }
    }
}

impl Node {
    /// The node is alive. A lease is renewed for a node in good standing only, and one that expired
    /// comes back only as what was approved.
    pub fn beat(
        &mut self,
        report: Report,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Change, WrongStanding> {
        let change = match self.standing {
            Standing::Approved => Change::Renewed,
            Standing::Expired if self.next.is_none() => Change::Returned,
            Standing::Expired | Standing::Pending | Standing::Suspended => Change::Waiting,
            Standing::Refused | Standing::Withdrawn => return Err(WrongStanding(self.standing)),
        };
        self.heartbeat_at = Some(now);
        self.heartbeats += 1;
        self.report = report;
        match change {
            Change::Renewed => self.lease_until = Some(after(now, lease)),
            Change::Returned => {
                self.lease_until = Some(after(now, lease));
                self.stand(Standing::Approved, "", now);
            }
            Change::Waiting => {}
        }
        Ok(change)
    }

    /// The node says something else of itself than it did. What an operator approved stays in force
    /// until an operator approves this.
    pub fn propose(&mut self, member: Member, now: Timestamp) -> Result<(), WrongStanding> {
        match self.standing {
            Standing::Pending => self.current = member,
            Standing::Approved | Standing::Expired | Standing::Suspended => {
                self.next = Some(super::Proposal { member, proposed_at: now });
            }
            Standing::Refused | Standing::Withdrawn => return Err(WrongStanding(self.standing)),
        }
        self.revision += 1;
        self.changed_at = now;
        Ok(())
    }

    /// An operator approves what waits: the node itself, or its change.
    pub fn approve(
        &mut self,
        by: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<(), WrongStanding> {
        let next = match (self.standing, self.next.is_some()) {
            (Standing::Pending, _) | (Standing::Approved | Standing::Expired, true) => {
                Standing::Approved
            }
            (Standing::Suspended, true) => Standing::Suspended,
            (standing, _) => return Err(WrongStanding(standing)),
        };
        if let Some(proposal) = self.next.take() {
            self.current = proposal.member;
        }
        if next == Standing::Approved {
            self.served = true;
            self.lease_until = Some(after(now, lease));
            self.stand(next, "", now);
        }
        self.decide(by, now);
        Ok(())
    }

    /// An operator refuses what waits: the node itself, or its change.
    pub fn refuse(&mut self, by: &str, why: &str, now: Timestamp) -> Result<(), WrongStanding> {
        match (self.standing, self.next.take()) {
            (Standing::Pending, _) => self.stand(Standing::Refused, why, now),
            (_, Some(_)) => why.clone_into(&mut self.reason),
            (standing, None) => return Err(WrongStanding(standing)),
        }
        self.decide(by, now);
        Ok(())
    }

    /// An operator suspends the node: it gets no runs until it is resumed.
    pub fn suspend(&mut self, by: &str, why: &str, now: Timestamp) -> Result<(), WrongStanding> {
        match self.standing {
            Standing::Approved | Standing::Expired => self.stand(Standing::Suspended, why, now),
            standing => return Err(WrongStanding(standing)),
        }
        self.decide(by, now);
        Ok(())
    }

    /// An operator lets the node go on. If it was not heard of meanwhile, it has expired.
    pub fn resume(
        &mut self,
        by: &str,
        now: Timestamp,
        lease: Duration,
    ) -> Result<(), WrongStanding> {
        if self.standing != Standing::Suspended {
            return Err(WrongStanding(self.standing));
        }
        let heard = self.heartbeat_at.is_some_and(|at| after(at, lease) > now);
        if heard {
            self.lease_until = self.heartbeat_at.map(|at| after(at, lease));
            self.stand(Standing::Approved, "", now);
        } else {
            self.lapse(now);
        }
        self.decide(by, now);
        Ok(())
    }

    /// The node leaves, or an operator takes it out.
    pub fn withdraw(&mut self, by: &str, why: &str, now: Timestamp) -> Result<(), WrongStanding> {
        if !self.standing.is_live() {
            return Err(WrongStanding(self.standing));
        }
        self.next = None;
        self.stand(Standing::Withdrawn, why, now);
        self.decide(by, now);
        Ok(())
    }

    /// Time has passed. Says whether the lease ran out.
    pub fn expire(&mut self, now: Timestamp) -> bool {
        let over = self.standing == Standing::Approved
            && self.lease_until.is_none_or(|until| until <= now);
        if over {
            self.lapse(now);
        }
        over
    }

    fn lapse(&mut self, now: Timestamp) {
        self.expiries += 1;
        self.stand(Standing::Expired, "its lease ran out", now);
    }

    fn stand(&mut self, standing: Standing, why: &str, now: Timestamp) {
        self.standing = standing;
        why.clone_into(&mut self.reason);
        self.changed_at = now;
    }

    fn decide(&mut self, by: &str, now: Timestamp) {
        self.decided_by = Some(by.to_owned());
        self.decided_at = Some(now);
    }
}

/// A moment later; the end of time where there is no such moment.
fn after(now: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| now.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}
