//! Invitations in the database: kept by the hash of their secret, which is stored nowhere.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::digest;
use sqlx::FromRow;

use super::{Bounds, Error, Invitation, Result, Roster, row::time, unreadable};
use crate::on_pool;

#[derive(Debug, FromRow)]
struct Row {
    invitation_id: String,
    label: String,
    service_id: Option<String>,
    host: Option<String>,
    jurisdiction: Option<String>,
    created_by: String,
    created_at: i64,
    expires_at: i64,
    attempts: i64,
    used_at: Option<i64>,
    used_by: Option<String>,
    revoked_at: Option<i64>,
}

macro_rules! columns {
    () => {
        "invitation_id, label, service_id, host, jurisdiction, created_by, created_at, expires_at, \
         attempts, used_at, used_by, revoked_at"
    };
}

impl TryFrom<Row> for Invitation {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let used = row.used_at.map(time).transpose()?;
        Ok(Self {
            id: row.invitation_id,
            label: row.label,
            bounds: Bounds {
                service_id: row.service_id.map(|id| id.parse()).transpose().map_err(unreadable)?,
                host: row.host,
                jurisdiction: row
                    .jurisdiction
                    .map(|text| text.parse())
                    .transpose()
                    .map_err(unreadable)?,
            },
            created_by: row.created_by,
            created_at: time(row.created_at)?,
            expires_at: time(row.expires_at)?,
            attempts: row.attempts,
            used: used.map(|at| (at, row.used_by.unwrap_or_default())),
            revoked_at: row.revoked_at.map(time).transpose()?,
        })
    }
}

impl Roster {
    /// Keeps an invitation, unless so many are open already. Those that ended more than `forget_before`
    /// ago and were never used are forgotten.
    pub async fn invite(
        &self,
        invitation: &Invitation,
        secret: &str,
        max_open: u32,
        forget_before: Timestamp,
    ) -> Result<bool> {
        const FORGET: &str =
            "DELETE FROM node_invitations WHERE expires_at < $1 AND used_at IS NULL";
        const INSERT: &str = "INSERT INTO node_invitations (invitation_id, secret_hash, label, \
             service_id, host, jurisdiction, created_by, created_at, expires_at) \
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE (SELECT COUNT(*) FROM node_invitations \
             WHERE used_at IS NULL AND revoked_at IS NULL AND expires_at > $8) < $10";
        let bounds = &invitation.bounds;
        let kept = on_pool!(write &self.database, pool => {
            sqlx::query(FORGET).bind(forget_before.as_microsecond()).execute(pool).await?;
            sqlx::query(INSERT)
                .bind(&invitation.id)
                .bind(hash(secret))
                .bind(&invitation.label)
                .bind(bounds.service_id.as_ref().map(|id| id.as_str()))
                .bind(bounds.host.as_deref())
                .bind(bounds.jurisdiction.map(|law| law.to_string()))
                .bind(&invitation.created_by)
                .bind(invitation.created_at.as_microsecond())
                .bind(invitation.expires_at.as_microsecond())
                .bind(i64::from(max_open))
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(kept == 1)
    }

    /// Invitations, newest first, after the one that ended the page before.
    pub async fn invitations(&self, after: Option<&str>, limit: u32) -> Result<Vec<Invitation>> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM node_invitations WHERE invitation_id < $1 ORDER BY invitation_id DESC LIMIT $2"
        );
        // Sorts after every hexadecimal id.
        let before = after.unwrap_or("g");
        let rows: Vec<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(before).bind(i64::from(limit)).fetch_all(pool).await?
        });
        rows.into_iter().map(Invitation::try_from).collect()
    }

    /// The invitation of a secret, whatever its state.
    pub async fn invitation_of(&self, secret: &str) -> Result<Option<Invitation>> {
        const SQL: &str =
            concat!("SELECT ", columns!(), " FROM node_invitations WHERE secret_hash = $1");
        let row: Option<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(hash(secret)).fetch_optional(pool).await?
        });
        row.map(Invitation::try_from).transpose()
    }

    /// One invitation.
    pub async fn invitation(&self, id: &str) -> Result<Option<Invitation>> {
        const SQL: &str =
            concat!("SELECT ", columns!(), " FROM node_invitations WHERE invitation_id = $1");
        let row: Option<Row> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).bind(id).fetch_optional(pool).await?
        });
        row.map(Invitation::try_from).transpose()
    }

    /// Revokes an invitation that was not used. Says whether there was one.
    pub async fn revoke_invitation(&self, id: &str) -> Result<bool> {
        const SQL: &str = "UPDATE node_invitations SET revoked_at = COALESCE(revoked_at, $2) \
             WHERE invitation_id = $1 AND used_at IS NULL";
        let revoked = on_pool!(write &self.database, pool => {
            sqlx::query(SQL).bind(id).bind(self.now()).execute(pool).await?.rows_affected()
        });
        Ok(revoked == 1)
    }

    /// A registration showed the secret and failed for another reason.
    pub async fn count_attempt(&self, id: &str) -> Result<()> {
        const SQL: &str =
            "UPDATE node_invitations SET attempts = attempts + 1 WHERE invitation_id = $1";
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL).bind(id).execute(pool).await?;
        });
        Ok(())
    }
}

fn hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, secret.as_bytes()))
}
