//! Who asks: the extractor without which no handler of private things can be written.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, MatchedPath},
    http::{Method, StatusCode, request::Parts},
};

use super::{Api, error::ApiError, limit::Slip};
use crate::domain::{Caller, Role, Scope};

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
        let caller = api.authenticator.authenticate_for(&parts.method, &parts.headers).await?;
        let Ok(slip) = Slip::from_request_parts(parts, api).await;
        api.gate.admit_caller(&slip, &caller).await?;
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        require_scope(&caller, scope_of(&parts.method, route))?;
        Ok(Self(caller))
    }
}

/// Refuses a caller whose credential is not good for this, whatever roles they have.
pub(super) fn require_scope(caller: &Caller, scope: Scope) -> Result<(), ApiError> {
    if caller.scopes.contains(&scope) {
        return Ok(());
    }
    let msg = format!("this needs a credential with the scope {}", scope.as_str());
    Err(ApiError::new(StatusCode::FORBIDDEN, "scope_required", msg))
}

/// What a request needs: to look, to have to do with runs, or to change anything else.
fn scope_of(method: &Method, route: &str) -> Scope {
    match *method {
        Method::GET | Method::HEAD => Scope::Read,
        _ if route.contains("/runs") => Scope::Submit,
        _ => Scope::Admin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_needs_no_more_than_it_does() {
        for (method, route, scope) in [
            (Method::GET, "/ga4gh/wes/v1/runs", Scope::Read),
            (Method::HEAD, "/api/v1/nodes", Scope::Read),
            (Method::POST, "/ga4gh/wes/v1/runs", Scope::Submit),
            (Method::POST, "/ga4gh/wes/v1/runs/{run_id}/cancel", Scope::Submit),
            (Method::POST, "/api/v1/keys", Scope::Admin),
            (Method::DELETE, "/api/v1/services/{service_id}", Scope::Admin),
            (Method::POST, "", Scope::Admin),
        ] {
            assert_eq!(scope_of(&method, route), scope, "{method} {route}");
        }
    }
}
