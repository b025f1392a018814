//! `[[services]]`: a service as its operator writes it down.

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::SecretRef;
use crate::domain::{Credential, Service};

/// One service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceConfig {
    /// Id in the federation: lower-case letters, digits and `-`.
    pub id: String,
    /// Which adapter speaks to it: `michigan`, `dnastack` or `wes`.
    pub kind: String,
    /// Name for people; the id, unless set.
    #[serde(default)]
    pub name: Option<String>,
    /// Base URL.
    pub url: Url,
    /// Country under whose law it stands, as two upper-case letters. Services never say so themselves.
    pub jurisdiction: String,
    /// Who runs it.
    #[serde(default)]
    pub organization: Option<OrganizationConfig>,
    /// What the gateway shows to it.
    #[serde(default)]
    pub credential: CredentialConfig,
    /// Settings of its adapter.
    #[serde(default)]
    pub settings: Map<String, Value>,
}

/// Who runs a service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationConfig {
    /// Name for people.
    pub name: String,
    /// Home page.
    pub url: String,
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

impl ServiceConfig {
    /// The record of the service. The error names the key and what is wrong with it.
    pub fn to_service(&self) -> Result<Service, (&'static str, String)> {
        let id = self.id.parse().map_err(|_| {
            ("id", "an id is lower-case letters, digits and `-`, and not `types`".to_owned())
        })?;
        let jurisdiction =
            self.jurisdiction.parse().map_err(|error| ("jurisdiction", format!("{error}")))?;
        if !matches!(self.url.scheme(), "http" | "https") {
            return Err(("url", "a service is reached by http or https".to_owned()));
        }
        Ok(Service {
            name: self.name.clone().unwrap_or_else(|| self.id.clone()),
            organization: self.organization.clone().map(|o| (o.name, o.url)),
            settings: self.settings.clone(),
            ..Service::new(id, &self.kind, self.url.clone(), jurisdiction)
        })
    }

    /// The credential, with its secrets read.
    pub fn to_credential(&self) -> Result<Credential, String> {
        Ok(match &self.credential {
            CredentialConfig::None => Credential::None,
            CredentialConfig::Header { name, value } => {
                Credential::Header { name: name.clone(), value: value.read()? }
            }
            CredentialConfig::Bearer { token } => Credential::Bearer(token.read()?),
            CredentialConfig::Basic { username, password } => {
                Credential::Basic { username: username.clone(), password: password.read()? }
            }
            CredentialConfig::ClientCredentials {
                token_url,
                client_id,
                client_secret,
                scope,
                resource,
            } => Credential::ClientCredentials {
                token_url: token_url.clone(),
                client_id: client_id.clone(),
                client_secret: client_secret.read()?,
                scope: scope.clone(),
                resource: resource.clone(),
            },
        })
    }
}
