//! What went wrong with services, panels, datasets, policies and credentials.

use std::time::Duration;

use axum::http::StatusCode;

use super::ApiError;
use crate::{
    datasets,
    federation::{self, CredentialError, PanelsError, PolicyError, ScoutError},
    health, panels,
};

impl From<federation::Error> for ApiError {
    fn from(error: federation::Error) -> Self {
        use federation::Error as E;
        let msg = error.to_string();
        match error {
            E::Flawed(_) => Self::bad_request("bad_service", msg),
            E::UnknownService(_) => Self::new(StatusCode::NOT_FOUND, "unknown_service_id", msg),
            E::Taken(_) => Self::new(StatusCode::CONFLICT, "service_id_taken", msg),
            E::Retired(_) => Self::new(StatusCode::CONFLICT, "service_id_retired", msg),
            E::KeptElsewhere { .. } => Self::new(StatusCode::CONFLICT, "kept_elsewhere", msg),
            E::Needed { .. } => Self::new(StatusCode::CONFLICT, "service_needed", msg),
            E::Stale { .. } => Self::new(StatusCode::PRECONDITION_FAILED, "changed_meanwhile", msg),
            E::Internal(source) => Self::internal(source.as_ref()),
        }
    }
}

impl From<CredentialError> for ApiError {
    fn from(error: CredentialError) -> Self {
        use CredentialError as E;
        let msg = error.to_string();
        match error {
            E::Flawed(_) => Self::bad_request("bad_credential", msg),
            E::Expired(_) => Self::bad_request("credential_expired", msg),
            E::Refused { .. } => Self::bad_request("credential_refused", msg),
            E::UnknownService(_) => Self::new(StatusCode::NOT_FOUND, "unknown_service_id", msg),
            E::Missing(_) => Self::new(StatusCode::NOT_FOUND, "no_such_credential", msg),
            E::NotWanted(_) => Self::new(StatusCode::CONFLICT, "credential_not_wanted", msg),
            E::Unchecked { retry_after, .. } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "credential_not_checked", msg)
                    .retry_after(retry_after)
            }
            E::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_looks", msg)
                .retry_after(Some(Duration::from_secs(5))),
            E::Internal(source) => Self::internal(&source),
        }
    }
}

impl From<ScoutError> for ApiError {
    fn from(error: ScoutError) -> Self {
        use ScoutError as E;
        let msg = error.to_string();
        match error {
            E::Flawed(_) => Self::bad_request("bad_service", msg),
            E::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, "address_not_allowed", msg),
            E::Unreachable { .. } => Self::new(StatusCode::BAD_GATEWAY, "address_unreachable", msg),
            E::UnknownService(_) => Self::new(StatusCode::NOT_FOUND, "unknown_service_id", msg),
            E::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_looks", msg)
                .retry_after(Some(Duration::from_secs(5))),
        }
    }
}

impl From<PolicyError> for ApiError {
    fn from(error: PolicyError) -> Self {
        use PolicyError as E;
        let msg = error.to_string();
        match error {
            E::NoFolder => Self::new(StatusCode::CONFLICT, "no_policies", msg),
            E::Unreadable(_) => Self::new(StatusCode::CONFLICT, "policies_unreadable", msg),
            E::Flawed(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad_policies", msg),
            E::Failing(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "policy_tests_fail", msg),
            E::Scenario(_) => Self::bad_request("bad_scenario", msg),
            E::Internal(source) => Self::internal(&source),
        }
    }
}

impl From<datasets::Error> for ApiError {
    fn from(error: datasets::Error) -> Self {
        use datasets::Error as E;
        let msg = error.to_string();
        match error {
            E::Flawed(_) => Self::bad_request("bad_dataset", msg),
            E::Unknown(_) => Self::new(StatusCode::NOT_FOUND, "unknown_dataset", msg),
            E::Taken(_) => Self::new(StatusCode::CONFLICT, "dataset_id_taken", msg),
            E::TooMany(_) => Self::new(StatusCode::CONFLICT, "limit_reached", msg),
            E::Stale { .. } => Self::new(StatusCode::PRECONDITION_FAILED, "changed_meanwhile", msg),
            error @ (E::Database(_) | E::Unreadable(_)) => Self::internal(&error),
        }
    }
}

impl From<PanelsError> for ApiError {
    fn from(error: PanelsError) -> Self {
        use PanelsError as E;
        let msg = error.to_string();
        match error {
            E::UnknownPanel(_) => Self::new(StatusCode::NOT_FOUND, "no_such_panel", msg),
            E::UnknownService(_) => Self::new(StatusCode::NOT_FOUND, "unknown_service_id", msg),
            E::BadPageToken => Self::bad_request("bad_page_token", msg),
            E::Flawed(_) => Self::bad_request("bad_panel_terms", msg),
            E::Store(error) => error.into(),
        }
    }
}

impl From<panels::Error> for ApiError {
    fn from(error: panels::Error) -> Self {
        use panels::Error as E;
        let msg = error.to_string();
        match error {
            E::UnknownPanel => Self::new(StatusCode::NOT_FOUND, "no_such_panel", msg),
            E::IsAlias { .. } => Self::new(StatusCode::CONFLICT, "panel_is_alias", msg),
            E::BadAlias { .. } => Self::new(StatusCode::CONFLICT, "alias_taken", msg),
            E::Stale { .. } => Self::new(StatusCode::PRECONDITION_FAILED, "changed_meanwhile", msg),
            error @ (E::Database(_) | E::Unreadable(_)) => Self::internal(&error),
        }
    }
}

impl From<health::Error> for ApiError {
    fn from(error: health::Error) -> Self {
        let msg = error.to_string();
        match error {
            health::Error::UnknownService => {
                Self::new(StatusCode::NOT_FOUND, "unknown_service_id", msg)
            }
            health::Error::Database(source) => Self::internal(&source),
        }
    }
}
