//! Rows of `nodes`, and what they mean.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::FromRow;

use super::{Bounds, Error, Member, Node, Proposal, Result, Standing, unreadable};
use crate::jose::Key;

#[derive(Debug, FromRow)]
pub(super) struct Row {
    node_id: String,
    standing: String,
    reason: String,
    decided_by: Option<String>,
    decided_at: Option<i64>,
    document: String,
    public_key: String,
    next_document: Option<String>,
    next_key: Option<String>,
    proposed_at: Option<i64>,
    revision: i64,
    served: i64,
    invitation_id: String,
    label: String,
    host: Option<String>,
    jurisdiction: Option<String>,
    sequence: i64,
    lease_until: Option<i64>,
    heartbeat_at: Option<i64>,
    heartbeats: i64,
    expiries: i64,
    report: String,
    created_at: i64,
    changed_at: i64,
    version: i64,
}

/// The columns of [`Row`].
macro_rules! columns {
    () => {
        "node_id, standing, reason, decided_by, decided_at, document, public_key, next_document, \
         next_key, proposed_at, revision, served, invitation_id, label, host, jurisdiction, \
         sequence, lease_until, heartbeat_at, heartbeats, expiries, report, created_at, changed_at, \
         version"
    };
}
pub(super) use columns;

impl TryFrom<Row> for Node {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let next = match (row.next_document, row.next_key, row.proposed_at) {
            (Some(document), Some(key), Some(at)) => {
                Some(Proposal { member: member(&document, &key)?, proposed_at: time(at)? })
            }
            _ => None,
        };
        Ok(Self {
            id: row.node_id.parse().map_err(unreadable)?,
            standing: Standing::parse(&row.standing)
                .ok_or_else(|| unreadable(format!("standing {}", row.standing)))?,
            reason: row.reason,
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(time).transpose()?,
            current: member(&row.document, &row.public_key)?,
            next,
            revision: row.revision,
            served: row.served != 0,
            invitation_id: row.invitation_id,
            label: row.label,
            bounds: Bounds {
                service_id: None,
                host: row.host,
                jurisdiction: row
                    .jurisdiction
                    .map(|text| text.parse())
                    .transpose()
                    .map_err(unreadable)?,
            },
            sequence: row.sequence,
            lease_until: row.lease_until.map(time).transpose()?,
            heartbeat_at: row.heartbeat_at.map(time).transpose()?,
            heartbeats: row.heartbeats,
            expiries: row.expiries,
            report: serde_json::from_str(&row.report).map_err(unreadable)?,
            created_at: time(row.created_at)?,
            changed_at: time(row.changed_at)?,
            version: row.version,
        })
    }
}

pub(super) fn time(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(unreadable)
}

fn member(document: &str, key: &str) -> Result<Member> {
    let key: Value = serde_json::from_str(key).map_err(unreadable)?;
    Ok(Member {
        document: serde_json::from_str(document).map_err(unreadable)?,
        key: Key::from_jwk(&key).ok_or_else(|| unreadable("a public key"))?,
    })
}
