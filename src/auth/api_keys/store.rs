//! API keys in the database.

use jiff::Timestamp;

use super::{ApiKey, KeyError};
use crate::{
    database::Database,
    domain::{CallerId, Role, Scope},
    on_pool,
};

#[derive(Debug, sqlx::FromRow)]
struct Row {
    key_id: String,
    secret_hash: String,
    caller_id: String,
    name: String,
    institution: Option<String>,
    roles: String,
    scopes: String,
    created_at: i64,
    expires_at: i64,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

#[derive(Debug)]
pub(super) struct Store(pub(super) Database);

impl Store {
    pub(super) async fn insert(&self, key: &ApiKey, hash: &str) -> Result<(), KeyError> {
        const SQL: &str = "INSERT INTO api_keys (key_id, secret_hash, caller_id, name, institution, \
             roles, scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let words = |words: Vec<&str>| words.join(" ");
        on_pool!(write &self.0, pool => {
            sqlx::query(SQL)
                .bind(&key.id)
                .bind(hash)
                .bind(key.caller_id.as_str())
                .bind(&key.name)
                .bind(key.institution.as_deref())
                .bind(words(key.roles.iter().map(|role| role.as_str()).collect()))
                .bind(words(key.scopes.iter().map(|scope| scope.as_str()).collect()))
                .bind(key.created_at.as_microsecond())
                .bind(key.expires_at.as_microsecond())
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// A key, and the hash of its secret.
    pub(super) async fn get(&self, id: &str) -> Result<Option<(ApiKey, String)>, KeyError> {
        const SQL: &str = "SELECT * FROM api_keys WHERE key_id = $1";
        let row: Option<Row> = on_pool!(read &self.0, pool => {
            sqlx::query_as(SQL).bind(id).fetch_optional(pool).await?
        });
        Ok(row.map(|row| (row.secret_hash.clone(), row)).map(|(hash, row)| (row.into(), hash)))
    }

    /// Keys, newest first, from before the one that ended the page before; of one caller or of all.
    pub(super) async fn list(
        &self,
        owner: Option<&CallerId>,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ApiKey>, KeyError> {
        const SQL: &str = "SELECT * FROM api_keys WHERE ($1 = '' OR caller_id = $1) \
             AND ($2 = '' OR key_id < $2) ORDER BY key_id DESC LIMIT $3";
        let rows: Vec<Row> = on_pool!(read &self.0, pool => {
            sqlx::query_as(SQL)
                .bind(owner.map_or("", CallerId::as_str))
                .bind(before.unwrap_or_default())
                .bind(i64::from(limit))
                .fetch_all(pool)
                .await?
        });
        Ok(rows.into_iter().map(ApiKey::from).collect())
    }

    pub(super) async fn count_live(
        &self,
        owner: &CallerId,
        now: Timestamp,
    ) -> Result<i64, KeyError> {
        const SQL: &str = "SELECT COUNT(*) FROM api_keys \
             WHERE caller_id = $1 AND revoked_at IS NULL AND expires_at > $2";
        Ok(on_pool!(read &self.0, pool => {
            sqlx::query_scalar(SQL)
                .bind(owner.as_str())
                .bind(now.as_microsecond())
                .fetch_one(pool)
                .await?
        }))
    }

    /// Revokes a key, of this caller or of anybody. `false` means that there is none.
    pub(super) async fn revoke(
        &self,
        owner: Option<&CallerId>,
        id: &str,
        now: Timestamp,
    ) -> Result<bool, KeyError> {
        // A key that was revoked before keeps the time at which it was.
        const SQL: &str = "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $3) \
             WHERE key_id = $1 AND ($2 = '' OR caller_id = $2)";
        let done = on_pool!(write &self.0, pool => {
            sqlx::query(SQL)
                .bind(id)
                .bind(owner.map_or("", CallerId::as_str))
                .bind(now.as_microsecond())
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(done == 1)
    }

    /// Writes down when keys were used last, and forgets those that ended before `forget`.
    pub(super) async fn tidy(
        &self,
        used: &[(String, Timestamp)],
        forget: Timestamp,
    ) -> Result<(), KeyError> {
        const USED: &str = "UPDATE api_keys SET last_used_at = $2 WHERE key_id = $1";
        const FORGET: &str = "DELETE FROM api_keys WHERE COALESCE(revoked_at, expires_at) < $1";
        on_pool!(write &self.0, pool => {
            let mut all = pool.begin().await?;
            for (id, at) in used {
                sqlx::query(USED).bind(id).bind(at.as_microsecond()).execute(&mut *all).await?;
            }
            sqlx::query(FORGET).bind(forget.as_microsecond()).execute(&mut *all).await?;
            all.commit().await?;
        });
        Ok(())
    }
}

impl From<Row> for ApiKey {
    fn from(row: Row) -> Self {
        let time = |micros| Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MIN);
        Self {
            id: row.key_id,
            name: row.name,
            caller_id: CallerId::from_stored(row.caller_id),
            institution: row.institution,
            roles: row.roles.split_whitespace().filter_map(Role::parse).collect(),
            scopes: row.scopes.split_whitespace().filter_map(Scope::parse).collect(),
            created_at: time(row.created_at),
            expires_at: time(row.expires_at),
            last_used_at: row.last_used_at.map(time),
            revoked_at: row.revoked_at.map(time),
        }
    }
}
