//! `[[services]]`: a service as its operator writes it down.

use serde::Deserialize;
use url::Url;

use super::SecretRef;
use crate::{
    domain::Credential,
    federation::{CredentialDocument, ServiceDocument},
};

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
    /// The credential, with its secrets read. What is wrong with one is wrong here too, as
    /// [`CredentialDocument`] says.
    pub fn read(&self) -> Result<Credential, String> {
        let document = match self {
            Self::None => CredentialDocument::None,
            Self::Header { name, value } => {
                CredentialDocument::Header { name: name.clone(), value: value.read()? }
            }
            Self::Bearer { token } => CredentialDocument::Bearer { token: token.read()? },
            Self::Basic { username, password } => {
                CredentialDocument::Basic { username: username.clone(), password: password.read()? }
            }
            Self::ClientCredentials { token_url, client_id, client_secret, scope, resource } => {
                CredentialDocument::ClientCredentials {
                    token_url: token_url.clone(),
                    client_id: client_id.clone(),
                    client_secret: client_secret.read()?,
                    scope: scope.clone(),
                    resource: resource.clone(),
                }
            }
        };
        document.to_credential().map_err(|flaw| flaw.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_credential_that_the_api_would_refuse_is_refused_here_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "s3cret").unwrap();
        let value = format!("file:{}", path.display());
        for (name, fits) in [("X-Auth-Token", true), ("Host", false)] {
            let written = json!({"type": "header", "name": name, "value": value});
            let config: CredentialConfig = serde_json::from_value(written).unwrap();

            assert_eq!(config.read().is_ok(), fits, "{name}");
        }
    }
}
