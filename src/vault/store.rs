//! Credentials at rest: one sealed text per service, which opens for that service only.

use std::{collections::HashMap, str::FromStr};

use jiff::Timestamp;
use tracing::error;

use super::{Rewrapped, Sealer, Unsealable, stored};
use crate::{
    database::Database,
    domain::{Credential, ServiceId},
    on_pool,
};

/// Why the vault could not do what it was asked. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database did not do it. A later moment may do.
    #[error("the vault cannot be read or written")]
    Database(#[from] sqlx::Error),
    /// The credential cannot be written as text, or what was written is none.
    #[error("the credential cannot be sealed, or is none")]
    Unwritable,
    /// What was sealed does not open.
    #[error("the credential cannot be opened")]
    Unsealable(#[from] Unsealable),
}

#[derive(Debug)]
pub(super) struct Store {
    database: Database,
    sealer: Sealer,
}

impl Store {
    pub(super) fn new(database: Database, sealer: Sealer) -> Self {
        Self { database, sealer }
    }

    /// All that open. One that does not, because of another master key, is told and left out: its service
    /// will say that it needs a credential.
    pub(super) async fn load(&self) -> Result<HashMap<ServiceId, Credential>, Error> {
        const SQL: &str = "SELECT service_id, sealed FROM service_credentials";
        let rows: Vec<(String, String)> = on_pool!(read &self.database, pool => {
            sqlx::query_as(SQL).fetch_all(pool).await?
        });
        let open = |(id, sealed): (String, String)| {
            let credential = stored::open(&self.sealer, &id, &sealed).ok();
            if credential.is_none() {
                error!(service.id = %id, "the credential of service {id} cannot be opened");
            }
            Some((ServiceId::from_str(&id).ok()?, credential?))
        };
        Ok(rows.into_iter().filter_map(open).collect())
    }

    pub(super) async fn write(
        &self,
        service: &ServiceId,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<(), Error> {
        const SQL: &str = "INSERT INTO service_credentials (service_id, sealed, updated_at) \
             VALUES ($1, $2, $3) ON CONFLICT (service_id) DO UPDATE SET \
             sealed = excluded.sealed, updated_at = excluded.updated_at";
        let sealed = stored::seal(&self.sealer, service.as_str(), credential)?;
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL)
                .bind(service.as_str())
                .bind(sealed)
                .bind(now.as_microsecond())
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    pub(super) async fn remove(&self, service: &ServiceId) -> Result<(), Error> {
        const SQL: &str = "DELETE FROM service_credentials WHERE service_id = $1";
        on_pool!(write &self.database, pool => {
            sqlx::query(SQL).bind(service.as_str()).execute(pool).await?;
        });
        Ok(())
    }

    /// Takes all over under the current master key. Says how many there were and how many of them do not
    /// open and stay as they are. Every one is under one key or the other at every instant.
    pub(super) async fn rewrap(&self) -> Result<Rewrapped, Error> {
        const READ: &str = "SELECT service_id, sealed FROM service_credentials";
        const WRITE: &str =
            "UPDATE service_credentials SET sealed = $3 WHERE service_id = $1 AND sealed = $2";
        let rows: Vec<(String, String)> = on_pool!(read &self.database, pool => {
            sqlx::query_as(READ).fetch_all(pool).await?
        });
        let mut done = Rewrapped::default();
        for (id, sealed) in rows {
            let Some(rewrapped) = done.count(&self.sealer, &id, &sealed) else { continue };
            on_pool!(write &self.database, pool => {
                sqlx::query(WRITE).bind(&id).bind(&sealed).bind(&rewrapped).execute(pool).await?;
            });
        }
        Ok(done)
    }
}
