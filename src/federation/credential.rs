//! A credential as it comes in a request: its secrets go in, and never out again.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;
use utoipa::ToSchema;

use crate::domain::{Credential, Flaw};

/// What the gateway shows to a service. It is written and never read back: no answer repeats it.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum CredentialDocument {
    /// Nothing.
    #[default]
    None,
    /// A header, such as Cloudgene's `X-Auth-Token`.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        #[schema(value_type = String, write_only)]
        value: SecretString,
    },
    /// A bearer token.
    Bearer {
        /// The token.
        #[schema(value_type = String, write_only)]
        token: SecretString,
    },
    /// User name and password.
    Basic {
        /// User name.
        username: String,
        /// Password.
        #[schema(value_type = String, write_only)]
        password: SecretString,
    },
    /// OAuth 2.0 client credentials.
    ClientCredentials {
        /// Where tokens are given out.
        #[schema(value_type = String)]
        token_url: Url,
        /// Client id.
        client_id: String,
        /// Client secret.
        #[schema(value_type = String, write_only)]
        client_secret: SecretString,
        /// Scope to ask for.
        #[serde(default)]
        scope: Option<String>,
        /// Resource to ask for.
        #[serde(default)]
        resource: Option<String>,
    },
}

/// The longest secret: tokens with many claims are a few thousand characters.
const MAX_SECRET: usize = 16 * 1024;

impl CredentialDocument {
    /// The credential. The error names the member, and never tells what stands there.
    pub fn to_credential(&self) -> Result<Credential, Flaw> {
        Ok(match self {
            Self::None => Credential::None,
            Self::Header { name, value } => {
                let name = header_name(name)?;
                Credential::Header { name, value: secret("credential.value", value)? }
            }
            Self::Bearer { token } => Credential::Bearer(secret("credential.token", token)?),
            Self::Basic { username, password } => {
                if username.contains(':') || username.chars().any(char::is_control) {
                    let why = "a user name has no colon and no control characters";
                    return Err(Flaw::new("credential.username", why));
                }
                let password = secret("credential.password", password)?;
                Credential::Basic { username: username.clone(), password }
            }
            Self::ClientCredentials { token_url, client_id, client_secret, scope, resource } => {
                if !matches!(token_url.scheme(), "http" | "https") {
                    let why = "tokens are given out by http or https";
                    return Err(Flaw::new("credential.token_url", why));
                }
                Credential::ClientCredentials {
                    token_url: token_url.clone(),
                    client_id: client_id.clone(),
                    client_secret: secret("credential.client_secret", client_secret)?,
                    scope: scope.clone(),
                    resource: resource.clone(),
                }
            }
        })
    }

    /// The word for its kind, which is no secret.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Header { .. } => "header",
            Self::Bearer { .. } => "bearer",
            Self::Basic { .. } => "basic",
            Self::ClientCredentials { .. } => "client_credentials",
        }
    }
}

impl fmt::Debug for CredentialDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CredentialDocument").field(&self.kind()).finish()
    }
}

fn header_name(name: &str) -> Result<String, Flaw> {
    // A credential must not change what the request is, or where it goes.
    const NEVER: [&str; 9] = [
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "te",
        "upgrade",
        "trailer",
        "user-agent",
    ];
    match name.parse::<http::HeaderName>() {
        Ok(parsed) if !NEVER.contains(&parsed.as_str()) => Ok(name.to_owned()),
        Ok(_) => Err(Flaw::new("credential.name", "this header is the gateway's own")),
        Err(_) => Err(Flaw::new("credential.name", "no header can be called so")),
    }
}

fn secret(member: &'static str, value: &SecretString) -> Result<SecretString, Flaw> {
    let text = value.expose_secret();
    if text.is_empty() {
        return Err(Flaw::new(member, "it is empty"));
    }
    if text.len() > MAX_SECRET {
        return Err(Flaw::new(member, format!("it is longer than {MAX_SECRET} bytes")));
    }
    if text.chars().any(char::is_control) {
        return Err(Flaw::new(member, "it holds a line break or another control character"));
    }
    Ok(value.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(document: serde_json::Value) -> CredentialDocument {
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn every_kind_of_credential_is_read() {
        for document in [
            json!({"type": "none"}),
            json!({"type": "header", "name": "X-Auth-Token", "value": "s3cret"}),
            json!({"type": "bearer", "token": "s3cret"}),
            json!({"type": "basic", "username": "amina", "password": "s3cret"}),
            json!({"type": "client_credentials", "token_url": "https://wallet.example/oauth/token",
                   "client_id": "gateway", "client_secret": "s3cret", "scope": "wes"}),
        ] {
            let read = read(document.clone());

            assert!(read.to_credential().is_ok(), "{document}");
            assert_eq!(read.kind(), document["type"]);
            assert!(!format!("{read:?} {:?}", read.to_credential()).contains("s3cret"));
        }
    }

    #[test]
    fn a_flaw_is_named_and_the_secret_is_not_told() {
        for (document, member) in [
            (json!({"type": "bearer", "token": ""}), "credential.token"),
            (json!({"type": "bearer", "token": "s3\ncret"}), "credential.token"),
            (json!({"type": "header", "name": "Host", "value": "s3cret"}), "credential.name"),
            (json!({"type": "header", "name": "a b", "value": "s3cret"}), "credential.name"),
            (json!({"type": "basic", "username": "a:b", "password": "x"}), "credential.username"),
            (
                json!({"type": "client_credentials", "token_url": "file:///etc/passwd",
                       "client_id": "a", "client_secret": "s3cret"}),
                "credential.token_url",
            ),
        ] {
            let flaw = read(document).to_credential().unwrap_err();

            assert_eq!(flaw.member, member);
            assert!(!flaw.why.contains("cret"), "{}", flaw.why);
        }
    }

    #[test]
    fn a_wrong_shape_does_not_tell_the_secret() {
        let error = serde_json::from_value::<CredentialDocument>(
            json!({"type": "bearer", "tokn": "s3cret"}),
        );

        assert!(!error.unwrap_err().to_string().contains("s3cret"));
    }
}
