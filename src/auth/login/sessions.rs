//! Sessions of people in the database, by the hash of what their browser shows.

use jiff::Timestamp;
use ring::digest;

use crate::{
    database::Database,
    domain::{Caller, CallerId, Role, Scope},
    on_pool,
};

/// What a browser shows begins so.
const PREFIX: &str = "gags_";

#[derive(Debug)]
pub(in crate::auth) struct Sessions(pub(in crate::auth) Database);

#[derive(sqlx::FromRow)]
struct Row {
    caller_id: String,
    institution: Option<String>,
    roles: String,
    scopes: String,
    expires_at: i64,
}

impl Sessions {
    /// Begins a session. What the browser shows from now on.
    pub(super) async fn begin(
        &self,
        caller: &Caller,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<String, sqlx::Error> {
        const TIDY: &str = "DELETE FROM login_sessions WHERE expires_at <= $1";
        const SQL: &str = "INSERT INTO login_sessions (session_hash, caller_id, institution, roles, \
             scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let secret = format!("{PREFIX}{}", super::state::random());
        let words = |words: Vec<&str>| words.join(" ");
        on_pool!(write &self.0, pool => {
            sqlx::query(TIDY).bind(now.as_microsecond()).execute(pool).await?;
            sqlx::query(SQL)
                .bind(hash(&secret))
                .bind(caller.id.as_str())
                .bind(caller.institution.as_deref())
                .bind(words(caller.roles.iter().map(|role| role.as_str()).collect()))
                .bind(words(caller.scopes.iter().map(|scope| scope.as_str()).collect()))
                .bind(now.as_microsecond())
                .bind(expires.as_microsecond())
                .execute(pool)
                .await?;
        });
        Ok(secret)
    }

    /// The caller of a session, and when it ends.
    pub(in crate::auth) async fn find(
        &self,
        secret: &str,
    ) -> Result<Option<(Caller, Timestamp)>, sqlx::Error> {
        const SQL: &str = "SELECT caller_id, institution, roles, scopes, expires_at \
             FROM login_sessions WHERE session_hash = $1";
        let row: Option<Row> = on_pool!(read &self.0, pool => {
            sqlx::query_as(SQL).bind(hash(secret)).fetch_optional(pool).await?
        });
        Ok(row.map(|row| {
            let expires = Timestamp::from_microsecond(row.expires_at).unwrap_or(Timestamp::MIN);
            let caller = Caller {
                institution: row.institution,
                roles: row.roles.split_whitespace().filter_map(Role::parse).collect(),
                scopes: row.scopes.split_whitespace().filter_map(Scope::parse).collect(),
                ..Caller::new(CallerId::from_stored(row.caller_id))
            };
            (caller, expires)
        }))
    }

    /// Ends a session.
    pub(super) async fn end(&self, secret: &str) -> Result<(), sqlx::Error> {
        const SQL: &str = "DELETE FROM login_sessions WHERE session_hash = $1";
        on_pool!(write &self.0, pool => {
            sqlx::query(SQL).bind(hash(secret)).execute(pool).await?;
        });
        Ok(())
    }
}

/// What a page of ours must repeat in a header, so that no page of others changes anything: it reads the
/// answer to who it is, and others do not.
pub(in crate::auth) fn csrf_token(secret: &str) -> String {
    hex(&format!("csrf {secret}"))
}

fn hash(secret: &str) -> String {
    hex(secret)
}

fn hex(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
