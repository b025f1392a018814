//! A credential as it is sealed.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Error, Sealer};
use crate::domain::Credential;

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

/// Seals a credential for one record.
pub(super) fn seal(
    sealer: &Sealer,
    record: &str,
    credential: &Credential,
) -> Result<String, Error> {
    let text = serde_json::to_string(&Stored::of(credential)).map_err(|_| Error::Unwritable)?;
    Ok(sealer.seal(record, SecretString::from(text).expose_secret()))
}

/// Opens what was sealed for the record.
pub(super) fn open(sealer: &Sealer, record: &str, sealed: &str) -> Result<Credential, Error> {
    let text = sealer.open(record, sealed)?;
    let stored: Stored =
        serde_json::from_str(text.expose_secret()).map_err(|_| Error::Unwritable)?;
    Ok(stored.into())
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
