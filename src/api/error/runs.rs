//! What went wrong with a run.

use std::time::Duration;

use axum::http::StatusCode;

use super::ApiError;
use crate::{
    gateway::{self, InputFault},
    policy::Refusal as Forbidden,
    routing::Misfit,
};

impl From<InputFault> for ApiError {
    fn from(fault: InputFault) -> Self {
        Self::bad_request(fault.reason, fault.message)
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
            E::Denied(denial) => match denial.refusal {
                Forbidden::NoService => {
                    Self::new(StatusCode::FORBIDDEN, "forbidden_by_policy", msg)
                }
                Forbidden::NoOrigin => Self::new(StatusCode::FORBIDDEN, "origin_required", msg),
                Forbidden::UnknownDataset => Self::bad_request("dataset_not_on_record", msg),
            },
            E::Credential { services } => {
                let mut error = Self::new(StatusCode::FORBIDDEN, "credential_required", msg);
                error.body.services =
                    services.into_iter().map(|(id, why)| (id.to_string(), why)).collect();
                error
            }
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
