//! `[[services]]`: a service as its operator writes it down.

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use super::SecretRef;
use crate::{
    domain::{Credential, Service},
    federation::{OrganizationDocument, ServiceDocument, StandInDocument},
};

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
    /// What it is, in words for people.
    #[serde(default)]
    pub description: Option<String>,
    /// Base URL.
    pub url: Url,
    /// Country under whose law it stands, as two upper-case letters. Services never say so themselves.
    pub jurisdiction: String,
    /// Who runs it.
    #[serde(default)]
    pub organization: Option<OrganizationDocument>,
    /// Whom to ask about it: a URL or `mailto:`.
    #[serde(default)]
    pub contact_url: Option<String>,
    /// How much of the work it gets beside services that could do the same. 0 means only if nobody else
    /// can.
    #[serde(default = "default_weight")]
    pub weight: u32,
    /// Calls that it gets at a time; the gateway's own bound, unless set.
    #[serde(default)]
    pub max_in_flight: Option<usize>,
    /// Services without which it cannot work: while one of them is down, it gets no runs.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Services for which it stands in while they cannot take a run.
    #[serde(default)]
    pub stands_in_for: Vec<StandInDocument>,
    /// What the gateway shows to it.
    #[serde(default)]
    pub credential: CredentialConfig,
    /// Settings of its adapter.
    #[serde(default)]
    pub settings: Map<String, Value>,
}

fn default_weight() -> u32 {
    Service::DEFAULT_WEIGHT
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
        let document = ServiceDocument {
            id: self.id.clone(),
            kind: self.kind.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            url: self.url.clone(),
            jurisdiction: self.jurisdiction.clone(),
            organization: self.organization.clone(),
            contact_url: self.contact_url.clone(),
            weight: self.weight,
            max_in_flight: self.max_in_flight,
            depends_on: self.depends_on.clone(),
            stands_in_for: self.stands_in_for.clone(),
            settings: self.settings.clone(),
        };
        document.to_service().map_err(|flaw| (flaw.member, flaw.why))
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
