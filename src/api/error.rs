//! The one place that turns errors into HTTP.
//!
//! Bodies are WES's `{msg, status_code}` with a stable `reason` beside it, and where a run is concerned
//! whether it exists.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tracing::error;
use utoipa::ToSchema;

use crate::{
    alerts, audit, auth, events,
    federation::{
        self, PanelsError, ScoutError,
        nodes::{self, Refusal},
    },
    gateway::{self, InputFault},
    health, panels,
    routing::Misfit,
};

/// The body of every error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct ErrorResponse {
    /// What happened, in words for people, and what to do about it.
    pub msg: String,
    /// The HTTP status.
    pub status_code: i32,
    /// A stable word for programs; the catalogue stands in `docs/errors.md`.
    pub reason: String,
    /// On a submission: whether a run came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_exists: Option<bool>,
    /// Every service that was considered, and why it did not take the run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, String>,
}

/// An error on its way to a caller.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: ErrorResponse,
    retry_after: Option<Duration>,
}

pub(super) type Result<T, E = ApiError> = std::result::Result<T, E>;

impl ApiError {
    pub(super) fn new(status: StatusCode, reason: &str, msg: impl Into<String>) -> Self {
        let body = ErrorResponse {
            msg: msg.into(),
            status_code: i32::from(status.as_u16()),
            reason: reason.to_owned(),
            run_exists: None,
            services: BTreeMap::new(),
        };
        Self { status, body, retry_after: None }
    }

    pub(super) fn bad_request(reason: &str, msg: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, reason, msg)
    }

    /// The gateway itself failed. The cause goes to the log, and not to the caller.
    pub(super) fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        error!("a use case failed: {}", chain(cause));
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the gateway failed")
    }

    /// On a submission: no run came of it.
    pub(super) fn without_run(mut self) -> Self {
        self.body.run_exists = Some(false);
        self
    }

    /// When another try is worth it.
    pub(super) fn with_retry_after(self, after: Duration) -> Self {
        self.retry_after(Some(after))
    }

    fn retry_after(mut self, after: Option<Duration>) -> Self {
        self.retry_after = Some(after.unwrap_or(Duration::from_secs(30)));
        self
    }
}

impl From<InputFault> for ApiError {
    fn from(fault: InputFault) -> Self {
        Self::bad_request(fault.reason, fault.message)
    }
}

impl From<audit::Error> for ApiError {
    fn from(error: audit::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "{error}");
        let msg = "the audit trail cannot be read or written now, and nothing is done without it";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "audit_unavailable", msg)
            .retry_after(Some(Duration::from_secs(10)))
    }
}

impl From<gateway::Error> for ApiError {
    fn from(error: gateway::Error) -> Self {
        use gateway::Error as E;
        let msg = error.to_string();
        match error {
            E::Input(fault) => fault.into(),
            E::Unfit { misfit, .. } => Self::bad_request(reason_of(misfit), msg),
            E::UnknownService(_) => Self::bad_request("unknown_service", msg),
            E::Denied(_) => Self::new(StatusCode::FORBIDDEN, "forbidden_by_policy", msg),
            E::Refused { status: 413, .. } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large_for_service", msg)
            }
            E::Refused { .. } => Self::bad_request("refused_by_service", msg),
            E::NoService { excluded, retry_after } => {
                let mut error =
                    Self::new(StatusCode::SERVICE_UNAVAILABLE, "no_service_available", msg);
                error.body.services =
                    excluded.into_iter().map(|(id, why)| (id.to_string(), why)).collect();
                error.retry_after(retry_after)
            }
            E::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_submissions", msg)
                .retry_after(None),
            E::KeyBusy => Self::new(StatusCode::CONFLICT, "idempotency_key_busy", msg)
                .retry_after(Some(Duration::from_secs(2))),
            E::KeyReused => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", msg)
            }
            E::UnknownRun => Self::new(StatusCode::NOT_FOUND, "unknown_run", msg),
            E::UnknownTask => Self::new(StatusCode::NOT_FOUND, "unknown_task", msg),
            E::UnknownFile => Self::new(StatusCode::NOT_FOUND, "unknown_file", msg),
            E::FileGone(_) => Self::new(StatusCode::GONE, "file_gone", msg),
            E::RangeNotSatisfiable => {
                Self::new(StatusCode::RANGE_NOT_SATISFIABLE, "range_not_satisfiable", msg)
            }
            E::BadPageToken => Self::bad_request("bad_page_token", msg),
            E::ServiceUnavailable { retry_after, .. } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", msg)
                    .retry_after(retry_after)
            }
            E::ServiceGone { .. } => Self::new(StatusCode::GONE, "service_gone", msg),
            E::Unaudited(source) => source.into(),
            E::Internal(source) => Self::internal(source.as_ref()),
        }
    }
}

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

impl From<nodes::Error> for ApiError {
    fn from(error: nodes::Error) -> Self {
        use nodes::Error as E;
        let msg = error.to_string();
        match error {
            E::Disabled => Self::new(StatusCode::FORBIDDEN, "registration_disabled", msg),
            E::Proof(refusal) => {
                Self::new(status_of_refusal(refusal), reason_of_refusal(refusal), msg)
            }
            E::Invitation => Self::new(StatusCode::FORBIDDEN, "invitation_not_valid", msg),
            E::OutsideInvitation(_) => Self::new(StatusCode::FORBIDDEN, "outside_invitation", msg),
            E::Flawed(_) => Self::bad_request("bad_service", msg),
            E::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, "address_not_allowed", msg),
            E::IdTaken(_) => Self::new(StatusCode::CONFLICT, "service_id_taken", msg),
            E::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_registrations", msg)
                .retry_after(Some(Duration::from_secs(2))),
            E::Overtaken => Self::new(StatusCode::CONFLICT, "node_changed_meanwhile", msg),
            E::TooMany(_) => Self::new(StatusCode::CONFLICT, "limit_reached", msg),
            E::UnknownNode(_) => Self::new(StatusCode::NOT_FOUND, "unknown_node", msg),
            E::UnknownInvitation => Self::new(StatusCode::NOT_FOUND, "unknown_invitation", msg),
            E::WrongStanding(_) => Self::new(StatusCode::CONFLICT, "wrong_standing", msg),
            E::OtherRevision(_) => Self::new(StatusCode::CONFLICT, "other_revision", msg),
            E::BadRequest(_) => Self::bad_request("bad_member", msg),
            E::Federation(source) => source.into(),
            E::Internal(source) => Self::internal(&source),
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

fn status_of_refusal(refusal: Refusal) -> StatusCode {
    match refusal {
        Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
        Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::Algorithm
        | Refusal::Key(_)
        | Refusal::Forged
        | Refusal::Audience
        | Refusal::Purpose
        | Refusal::Stale
        | Refusal::Future
        | Refusal::TooLong
        | Refusal::Replayed
        | Refusal::UnknownKey => StatusCode::UNAUTHORIZED,
    }
}

fn reason_of_refusal(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Malformed(_) => "malformed_proof",
        Refusal::TooLarge => "proof_too_large",
        Refusal::Algorithm => "proof_algorithm_not_allowed",
        Refusal::Key(_) => "proof_key_mismatch",
        Refusal::Forged => "forged_proof",
        Refusal::Audience => "wrong_proof_audience",
        Refusal::Purpose => "wrong_proof_purpose",
        Refusal::Stale => "stale_proof",
        Refusal::Future => "future_proof",
        Refusal::TooLong => "proof_too_long_lived",
        Refusal::Replayed => "replayed_proof",
        Refusal::UnknownKey => "unknown_node_key",
    }
}

impl From<auth::Error> for ApiError {
    fn from(error: auth::Error) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, error.reason(), error.to_string())
    }
}

fn reason_of(misfit: Misfit) -> &'static str {
    match misfit {
        Misfit::OtherService => "unknown_service",
        Misfit::WorkflowType => "unknown_workflow_type",
        Misfit::WorkflowTypeVersion => "unknown_workflow_type_version",
        Misfit::WorkflowEngine => "unknown_workflow_engine",
        Misfit::WorkflowNotAttached => "workflow_not_attached",
        Misfit::Panel => "unknown_panel",
        Misfit::Population => "unknown_population",
        Misfit::NoPopulation => "missing_population",
        Misfit::Build => "build_not_accepted",
        Misfit::Inputs => "fetch_not_allowed",
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().max(1)));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"ga4gh-gateway\"");
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// What an unknown path answers.
pub(super) async fn no_such_route() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "no_such_route", "there is nothing at this path")
}

/// What a known path answers to a method that it does not have.
pub(super) async fn method_not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this path does not have this method",
    )
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
