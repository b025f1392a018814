//! Why a caller is not believed, and why the door could not be built.

use std::path::PathBuf;

use super::BoxError;

/// Why a caller is not believed. Never carries any part of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The request shows no token.
    #[error("a token is needed")]
    MissingCredential,
    /// What is shown is not one signed JSON Web Token.
    #[error("the credential is not a token")]
    MalformedToken,
    /// Longer than any honest token.
    #[error("the token is too long")]
    TokenTooLong,
    /// Nobody here trusts its issuer.
    #[error("the token's issuer is not trusted here")]
    UnknownIssuer,
    /// Its issuer is not to sign this way.
    #[error("the token is signed with an algorithm that is not allowed")]
    AlgorithmNotAllowed,
    /// It was made for another purpose, such as an ID token.
    #[error("the token is no access token")]
    WrongTokenType,
    /// It is bound to a key that was not shown with it.
    #[error("the token is bound to a key of its owner, which is not supported here")]
    BoundToken,
    /// Its issuer has no such key.
    #[error("the token's key is not known")]
    UnknownKey,
    /// There is no such API key, or it was revoked.
    #[error("the API key is not known")]
    UnknownApiKey,
    /// The session has ended, or there never was one.
    #[error("the session has ended; log in again")]
    UnknownSession,
    /// The request rests on a session, and does not say that a page of ours sent it.
    #[error("a request with a session that changes something needs the header X-CSRF-Token")]
    CsrfToken,
    /// API keys and sessions cannot be looked up now. A later moment may do.
    #[error("the credential cannot be looked up now")]
    StoreUnavailable,
    /// The passport that was shown is not believed, for this reason; so neither is anything else.
    #[error("the passport is not believed: {0}")]
    BadPassport(&'static str),
    /// The passport is not the caller's own, and no visa ties the two together.
    #[error("the passport is somebody else's")]
    PassportOfAnother,
    /// The keys of its issuer were never read, or too long ago. A later moment may do.
    #[error("the keys of the token's issuer cannot be read now")]
    KeysUnavailable,
    /// Somebody else signed it, or it was changed.
    #[error("the token's signature does not fit")]
    BadSignature,
    /// A claim that must be there is not.
    #[error("the token lacks a claim")]
    MissingClaim,
    /// It is meant for somebody else.
    #[error("the token is meant for another audience")]
    WrongAudience,
    /// Its time is over; a new one is needed.
    #[error("the token has expired")]
    TokenExpired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    TokenNotYetValid,
}

impl Error {
    /// The stable word for machines.
    pub fn reason(self) -> &'static str {
        match self {
            Self::MissingCredential => "missing_credential",
            Self::MalformedToken => "malformed_token",
            Self::TokenTooLong => "token_too_long",
            Self::UnknownIssuer => "unknown_issuer",
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::WrongTokenType => "wrong_token_type",
            Self::BoundToken => "bound_token",
            Self::UnknownKey => "unknown_key",
            Self::UnknownApiKey => "unknown_api_key",
            Self::UnknownSession => "unknown_session",
            Self::CsrfToken => "csrf_token_required",
            Self::StoreUnavailable => "credentials_unavailable",
            Self::BadPassport(_) => "bad_passport",
            Self::PassportOfAnother => "passport_of_another",
            Self::KeysUnavailable => "issuer_unavailable",
            Self::BadSignature => "bad_signature",
            Self::MissingClaim => "missing_claim",
            Self::WrongAudience => "wrong_audience",
            Self::TokenExpired => "token_expired",
            Self::TokenNotYetValid => "token_not_yet_valid",
        }
    }
}

/// Why the configuration makes no door.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Every caller would be refused.
    #[error("no issuer is trusted: name one, or turn on the development issuer")]
    NoIssuer,
    /// One issuer is described twice.
    #[error("issuer `{0}` is described twice")]
    Twice(String),
    /// A description of an issuer makes no sense.
    #[error("issuer `{issuer}`: {wrong}")]
    Issuer {
        /// Which issuer.
        issuer: String,
        /// What is wrong.
        wrong: String,
    },
    /// A setting makes no sense.
    #[error("`{0}`: {1}")]
    Setting(&'static str, &'static str),
    /// The key set in a file cannot be used.
    #[error("cannot use the keys in {}", path.display())]
    Keys {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: BoxError,
    },
}
