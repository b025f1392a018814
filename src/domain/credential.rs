//! What the gateway shows to a service. The secret parts cannot be printed.

use secrecy::SecretString;
use url::Url;

/// A credential for one service.
#[derive(Debug, Clone, Default)]
pub enum Credential {
    /// The service asks for none.
    #[default]
    None,
    /// A header with a fixed value, such as Cloudgene's `X-Auth-Token`.
    Header {
        /// Name of the header.
        name: String,
        /// Its value.
        value: SecretString,
    },
    /// `Authorization: Bearer`.
    Bearer(SecretString),
    /// `Authorization: Basic`.
    Basic {
        /// User name.
        username: String,
        /// Password.
        password: SecretString,
    },
    /// OAuth 2.0 client credentials (RFC 6749, section 4.4), exchanged for a bearer token.
    ClientCredentials {
        /// Where tokens are given out.
        token_url: Url,
        /// Client id.
        client_id: String,
        /// Client secret.
        client_secret: SecretString,
        /// Scope to ask for, if any.
        scope: Option<String>,
        /// Resource to ask for, if any (RFC 8707; DNAstack's wallet needs it).
        resource: Option<String>,
    },
}

impl Credential {
    /// The word for its kind, which is no secret.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Header { .. } => "header",
            Self::Bearer(_) => "bearer",
            Self::Basic { .. } => "basic",
            Self::ClientCredentials { .. } => "client_credentials",
        }
    }
}
