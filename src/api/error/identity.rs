//! Who asks is not known, or may not.

use axum::http::StatusCode;

use super::ApiError;
use crate::auth;

impl From<auth::Error> for ApiError {
    fn from(error: auth::Error) -> Self {
        let status = match error {
            auth::Error::KeysUnavailable | auth::Error::StoreUnavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            auth::Error::CsrfToken => StatusCode::FORBIDDEN,
            auth::Error::MissingCredential
            | auth::Error::MalformedToken
            | auth::Error::TokenTooLong
            | auth::Error::UnknownIssuer
            | auth::Error::AlgorithmNotAllowed
            | auth::Error::WrongTokenType
            | auth::Error::BoundToken
            | auth::Error::UnknownApiKey
            | auth::Error::UnknownSession
            | auth::Error::BadPassport(_)
            | auth::Error::PassportOfAnother
            | auth::Error::UnknownKey
            | auth::Error::BadSignature
            | auth::Error::MissingClaim
            | auth::Error::WrongAudience
            | auth::Error::TokenExpired
            | auth::Error::TokenNotYetValid => StatusCode::UNAUTHORIZED,
        };
        let told = Self::new(status, error.reason(), error.to_string());
        if status == StatusCode::SERVICE_UNAVAILABLE { told.retry_after(None) } else { told }
    }
}

impl From<auth::LoginError> for ApiError {
    fn from(error: auth::LoginError) -> Self {
        use auth::LoginError as E;
        let msg = error.to_string();
        match error {
            E::NoIssuer => Self::new(StatusCode::NOT_FOUND, "no_login", msg),
            E::Unavailable => Self::new(StatusCode::SERVICE_UNAVAILABLE, "login_unavailable", msg)
                .retry_after(None),
            E::NotBegun => Self::bad_request("login_not_begun", msg),
            E::Refused => Self::new(StatusCode::FORBIDDEN, "login_refused", msg),
            E::NotBelieved(_) => Self::new(StatusCode::BAD_GATEWAY, "login_not_believed", msg),
            E::Database(source) => Self::internal(&source),
        }
    }
}

impl From<auth::KeyError> for ApiError {
    fn from(error: auth::KeyError) -> Self {
        use auth::KeyError as E;
        let msg = error.to_string();
        match error {
            E::BadRequest(_) => Self::bad_request("bad_member", msg),
            E::Beyond(_) => Self::new(StatusCode::FORBIDDEN, "beyond_own_rights", msg),
            E::MadeByKey => Self::new(StatusCode::FORBIDDEN, "key_makes_no_key", msg),
            E::TooMany(_) => Self::new(StatusCode::CONFLICT, "limit_reached", msg),
            E::Unknown => Self::new(StatusCode::NOT_FOUND, "unknown_key_id", msg),
            E::Database(source) => Self::internal(&source),
        }
    }
}
