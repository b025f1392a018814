//! What the gateway shows to a service, and whose it is. The secret parts cannot be printed.

use jiff::Timestamp;
use secrecy::SecretString;
use url::Url;

use super::ServiceId;

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

/// Whether a service is shown the credentials of callers for their runs, rather than the gateway's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CallerCredential {
    /// Never.
    #[default]
    None,
    /// If the caller has entered one; else the gateway's.
    Optional,
    /// Always: who has entered none gets no run there.
    Required,
}

impl CallerCredential {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::None, Self::Optional, Self::Required];

    /// The word in records and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }

    /// Reads the word in records and in the configuration.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.as_str() == word)
    }
}

/// Why a caller has no credential of their own that a service may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// None was entered.
    Missing,
    /// It has expired.
    Expired(Timestamp),
    /// The service is at another place than the credential was entered for.
    Moved {
        /// The place that it was entered for: scheme, host and port.
        entered_for: String,
    },
    /// It was sealed under a master key that the gateway no longer has.
    Unreadable,
    /// The service did not accept it.
    Refused(String),
}

impl Lack {
    /// What is wrong and what to do about it, in words for the caller.
    pub fn words(&self, service: &ServiceId) -> String {
        let put = format!("PUT /api/v1/credentials/{service}");
        match self {
            Self::Missing => {
                format!("`{service}` wants a credential of your own: add it with {put}")
            }
            Self::Expired(at) => {
                format!("your credential for `{service}` expired at {at:.0}: renew it with {put}")
            }
            Self::Moved { entered_for } => format!(
                "`{service}` has moved since you entered your credential for {entered_for}, and it is not \
                 sent anywhere else: if you trust the new place, enter it again with {put}"
            ),
            Self::Unreadable => {
                format!(
                    "your credential for `{service}` cannot be opened any more: enter it again with {put}"
                )
            }
            Self::Refused(message) => format!(
                "`{service}` did not accept your credential ({message}): renew it with {put}"
            ),
        }
    }
}
