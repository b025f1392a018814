//! What went wrong with a node that registers itself.

use std::time::Duration;

use axum::http::StatusCode;

use super::ApiError;
use crate::federation::nodes::{self, Refusal};

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
