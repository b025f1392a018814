//! Who asks: the extractor without which no handler of private things can be written.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};

use super::{Api, error::ApiError, limit::Slip};
use crate::domain::{Caller, Role};

/// An authenticated caller.
#[derive(Debug)]
pub(super) struct Authenticated(pub(super) Arc<Caller>);

impl Authenticated {
    /// Refuses a caller who has none of the roles.
    pub(super) fn require(&self, roles: &[Role]) -> Result<(), ApiError> {
        if roles.iter().any(|role| self.0.roles.contains(role)) {
            return Ok(());
        }
        let names: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
        let msg = format!("this needs the role {}", names.join(" or "));
        Err(ApiError::new(StatusCode::FORBIDDEN, "role_required", msg))
    }
}

impl FromRequestParts<Api> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let caller = api.authenticator.authenticate(&parts.headers).await?;
        let Ok(slip) = Slip::from_request_parts(parts, api).await;
        api.gate.admit_caller(&slip, &caller).await?;
        Ok(Self(caller))
    }
}
