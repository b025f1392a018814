//! What went wrong with events, alerts and the audit trail.

use std::time::Duration;

use axum::http::StatusCode;

use super::ApiError;
use crate::{alerts, audit, events};

impl From<audit::Error> for ApiError {
    fn from(error: audit::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "{error}");
        let msg = "the audit trail cannot be read or written now, and nothing is done without it";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "audit_unavailable", msg)
            .retry_after(Some(Duration::from_secs(10)))
    }
}

impl From<events::Error> for ApiError {
    fn from(error: events::Error) -> Self {
        let msg = error.to_string();
        match error {
            events::Error::TooMany => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_listeners", msg)
                    .retry_after(None)
            }
            events::Error::TooManyOwn => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_own_listeners", msg)
                    .retry_after(None)
            }
        }
    }
}

impl From<alerts::Error> for ApiError {
    fn from(error: alerts::Error) -> Self {
        use alerts::Error as E;
        let msg = error.to_string();
        match error {
            E::UnknownAlert => Self::new(StatusCode::NOT_FOUND, "unknown_alert", msg),
            E::Resolved => Self::new(StatusCode::CONFLICT, "alert_resolved", msg),
            E::BadPageToken => Self::bad_request("bad_page_token", msg),
            error @ E::Database(_) => Self::internal(&error),
        }
    }
}
