//! Nodes in the database. A node is written back only if nobody changed it since it was read.

use jiff::Timestamp;

use super::{
    Invitation, Node, Result, Roster, Standing,
    row::{Row, columns},
    unreadable,
};
use crate::{domain::ServiceId, on_pool};

/// What came of keeping a node that registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enrolled {
    /// It is kept, and its invitation is used.
    New,
    /// Its invitation was used or revoked meanwhile.
    InvitationGone,
    /// Another node has the id, or took it meanwhile.
    IdTaken,
}

/// A page of nodes, in the order of their ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The last one of this page, if there are more after it.
    pub next: Option<ServiceId>,
}

const INSERT: &str = concat!(
    "INSERT INTO nodes (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
     $19, $20, $21, $22, $23, $24, $25) ON CONFLICT (node_id) DO NOTHING"
);

const UPDATE: &str = "UPDATE nodes SET standing = $2, reason = $3, decided_by = $4, \
     decided_at = $5, document = $6, public_key = $7, next_document = $8, next_key = $9, \
     proposed_at = $10, revision = $11, served = $12, invitation_id = $13, label = $14, \
     host = $15, jurisdiction = $16, sequence = $17, lease_until = $18, heartbeat_at = $19, \
     heartbeats = $20, expiries = $21, report = $22, created_at = $23, changed_at = $24, \
     version = $25 WHERE node_id = $1 AND version = $26";

/// Binds the columns of a node, in their order.
macro_rules! bind {
    ($query:expr, $node:expr) => {{
        let node: &Node = $node;
        let next = node.next.as_ref();
        $query
            .bind(node.id.as_str())
            .bind(node.standing.as_str())
            .bind(&node.reason)
            .bind(node.decided_by.as_deref())
            .bind(node.decided_at.map(Timestamp::as_microsecond))
            .bind(node.current.document.to_string())
            .bind(node.current.key.to_jwk().to_string())
            .bind(next.map(|next| next.member.document.to_string()))
            .bind(next.map(|next| next.member.key.to_jwk().to_string()))
            .bind(next.map(|next| next.proposed_at.as_microsecond()))
            .bind(node.revision)
            .bind(i64::from(node.served))
            .bind(&node.invitation_id)
            .bind(&node.label)
            .bind(node.bounds.host.as_deref())
            .bind(node.bounds.jurisdiction.map(|law| law.to_string()))
            .bind(node.sequence)
            .bind(node.lease_until.map(Timestamp::as_microsecond))
            .bind(node.heartbeat_at.map(Timestamp::as_microsecond))
            .bind(node.heartbeats)
            .bind(node.expiries)
            .bind(serde_json::to_string(&node.report).map_err(unreadable)?)
            .bind(node.created_at.as_microsecond())
            .bind(node.changed_at.as_microsecond())
            .bind(node.version)
    }};
}

impl Roster {
    /// Keeps a node that registered, and uses its invitation up: both or none. `former` is the entry
    /// that it takes the place of.
    pub async fn enroll(
        &self,
        node: &Node,
        former: Option<&Node>,
        invitation: &Invitation,
    ) -> Result<Enrolled> {
        const USE: &str = "UPDATE node_invitations SET used_at = $2, used_by = $3 \
             WHERE invitation_id = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $2";
        on_pool!(write &self.database, pool => {
            let mut both = pool.begin().await?;
            let used = sqlx::query(USE)
                .bind(&invitation.id)
                .bind(self.now())
                .bind(node.id.as_str())
                .execute(&mut *both)
                .await?
                .rows_affected();
            if used != 1 {
                return Ok(Enrolled::InvitationGone);
            }
            let kept = match former {
                None => bind!(sqlx::query(INSERT), node).execute(&mut *both).await?,
                Some(former) => {
                    bind!(sqlx::query(UPDATE), &Node { version: former.version + 1, ..node.clone() })
                        .bind(former.version)
                        .execute(&mut *both)
                        .await?
                }
            };
            if kept.rows_affected() != 1 {
                return Ok(Enrolled::IdTaken);
            }
            both.commit().await?;
        });
        Ok(Enrolled::New)
    }

    /// Writes a node back. `false` means that somebody changed it since it was read.
    pub async fn write(&self, node: &Node) -> Result<bool> {
        let next = Node { version: node.version + 1, ..node.clone() };
        let written = on_pool!(write &self.database, pool => {
            bind!(sqlx::query(UPDATE), &next)
                .bind(node.version)
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(written == 1)
    }

    /// One node.
    pub async fn node(&self, id: &ServiceId) -> Result<Option<Node>> {
        const SQL: &str = concat!("SELECT ", columns!(), " FROM nodes WHERE node_id = $1");
        let row: Option<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(id.as_str()).fetch_optional(pool).await?
        });
        row.map(Node::try_from).transpose()
    }

    /// Nodes in the order of their ids, after the one that ended the page before; all, or those that
    /// stand so.
    pub async fn nodes(
        &self,
        standing: Option<Standing>,
        after: Option<&ServiceId>,
        limit: u32,
    ) -> Result<Page> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM nodes WHERE node_id > $1 AND ($2 = '' OR standing = $2) \
             ORDER BY node_id LIMIT $3"
        );
        let rows: Vec<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL)
                .bind(after.map_or("", ServiceId::as_str))
                .bind(standing.map_or("", Standing::as_str))
                .bind(i64::from(limit) + 1)
                .fetch_all(pool)
                .await?
        });
        let more = rows.len() > limit as usize;
        let mut nodes = rows.into_iter().map(Node::try_from).collect::<Result<Vec<_>>>()?;
        nodes.truncate(limit as usize);
        let next = nodes.last().filter(|_| more).map(|node| node.id.clone());
        Ok(Page { nodes, next })
    }

    /// Approved nodes whose lease ran out, the longest ago first.
    pub async fn overdue(&self, limit: u32) -> Result<Vec<Node>> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM nodes WHERE standing = $1 AND lease_until <= $2 ORDER BY lease_until LIMIT $3"
        );
        let rows: Vec<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL)
                .bind(Standing::Approved.as_str())
                .bind(self.now())
                .bind(i64::from(limit))
                .fetch_all(pool)
                .await?
        });
        rows.into_iter().map(Node::try_from).collect()
    }

    /// How many nodes take part, or ask to.
    pub async fn count_live(&self) -> Result<i64> {
        const SQL: &str = "SELECT COUNT(*) FROM nodes WHERE standing NOT IN ($1, $2)";
        Ok(on_pool!(read &self.database, pool => {
            sqlx::query_scalar(SQL)
                .bind(Standing::Refused.as_str())
                .bind(Standing::Withdrawn.as_str())
                .fetch_one(pool)
                .await?
        }))
    }
}
