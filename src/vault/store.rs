//! Credentials at rest: one sealed text per service, which opens for that service only.

use std::{collections::HashMap, str::FromStr};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tracing::error;
use url::Url;

use super::Sealer;
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
    /// The credential cannot be written as text.
    #[error("the credential cannot be sealed")]
    Unwritable,
}

#[derive(Debug)]
pub(super) struct Store {
    database: Database,
    sealer: Sealer,
}

/// A credential as it is sealed.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Stored {
    None,
    Header {
        name: String,
        value: String,
    },
    Bearer {
        token: String,
    },
    Basic {
        username: String,
        password: String,
    },
    ClientCredentials {
        token_url: Url,
        client_id: String,
        client_secret: String,
        scope: Option<String>,
        resource: Option<String>,
    },
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
            let credential = self.open(&id, &sealed);
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
        let text = serde_json::to_string(&Stored::of(credential)).map_err(|_| Error::Unwritable)?;
        let text = SecretString::from(text);
        let sealed = self.sealer.seal(service.as_str(), text.expose_secret());
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

    fn open(&self, id: &str, sealed: &str) -> Option<Credential> {
        let text = self.sealer.open(id, sealed).ok()?;
        let stored: Stored = serde_json::from_str(text.expose_secret()).ok()?;
        Some(stored.into())
    }
}

impl Stored {
    fn of(credential: &Credential) -> Self {
        let shown = |secret: &SecretString| secret.expose_secret().to_owned();
        match credential {
            Credential::None => Self::None,
            Credential::Header { name, value } => {
                Self::Header { name: name.clone(), value: shown(value) }
            }
            Credential::Bearer(token) => Self::Bearer { token: shown(token) },
            Credential::Basic { username, password } => {
                Self::Basic { username: username.clone(), password: shown(password) }
            }
            Credential::ClientCredentials {
                token_url,
                client_id,
                client_secret,
                scope,
                resource,
            } => Self::ClientCredentials {
                token_url: token_url.clone(),
                client_id: client_id.clone(),
                client_secret: shown(client_secret),
                scope: scope.clone(),
                resource: resource.clone(),
            },
        }
    }
}

impl From<Stored> for Credential {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::None => Self::None,
            Stored::Header { name, value } => Self::Header { name, value: value.into() },
            Stored::Bearer { token } => Self::Bearer(token.into()),
            Stored::Basic { username, password } => {
                Self::Basic { username, password: password.into() }
            }
            Stored::ClientCredentials { token_url, client_id, client_secret, scope, resource } => {
                let client_secret = client_secret.into();
                Self::ClientCredentials { token_url, client_id, client_secret, scope, resource }
            }
        }
    }
}
