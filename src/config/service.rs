//! `[[services]]`: a service as its operator writes it down.

use serde::Deserialize;
use url::Url;

use super::SecretRef;
use crate::{domain::Credential, federation::ServiceDocument};

/// One service.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// The service.
    pub document: ServiceDocument,
    /// What the gateway shows to it.
    pub credential: CredentialConfig,
}

/// What the gateway shows to a service.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum CredentialConfig {
    /// Nothing.
    #[default]
    None,
    /// A header, such as Cloudgene's `X-Auth-Token`.
    Header {
        /// Its name.
        name: String,
        /// Where its value is.
        value: SecretRef,
    },
    /// A bearer token.
    Bearer {
        /// Where it is.
        token: SecretRef,
    },
    /// User name and password.
    Basic {
        /// User name.
        username: String,
        /// Where the password is.
        password: SecretRef,
    },
    /// OAuth 2.0 client credentials.
    ClientCredentials {
        /// Where tokens are given out.
        token_url: Url,
        /// Client id.
        client_id: String,
        /// Where the client secret is.
        client_secret: SecretRef,
        /// Scope to ask for.
        #[serde(default)]
        scope: Option<String>,
        /// Resource to ask for.
        #[serde(default)]
        resource: Option<String>,
    },
}

impl CredentialConfig {
    /// The credential, with its secrets read.
    pub fn read(&self) -> Result<Credential, String> {
        Ok(match self {
            Self::None => Credential::None,
            Self::Header { name, value } => {
                Credential::Header { name: name.clone(), value: value.read()? }
            }
            Self::Bearer { token } => Credential::Bearer(token.read()?),
            Self::Basic { username, password } => {
                Credential::Basic { username: username.clone(), password: password.read()? }
            }
            Self::ClientCredentials { token_url, client_id, client_secret, scope, resource } => {
                Credential::ClientCredentials {
                    token_url: token_url.clone(),
                    client_id: client_id.clone(),
                    client_secret: client_secret.read()?,
                    scope: scope.clone(),
                    resource: resource.clone(),
                }
            }
        })
    }
}
