//! `GET /api/v1/session`: who the caller is.

use axum::{extract::State, http::HeaderMap};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        json::Private,
    },
    domain::{Role, Visa},
};

/// Who the caller is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Issuer, `#` and subject.
    caller_id: String,
    /// The institution that the issuer vouches for.
    #[serde(skip_serializing_if = "Option::is_none")]
    institution: Option<String>,
    /// What the caller may do.
    roles: Vec<String>,
    /// What the credential may be used for.
    scopes: Vec<String>,
    /// What trusted sources assert about the caller.
    visas: Vec<VisaView>,
    /// The id of the API key that was shown, where it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<String>,
    /// Where the caller logged in with a browser: what a page sends in `X-CSRF-Token` with each request
    /// that changes something.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf_token: Option<String>,
}

/// A visa of the caller that counts here.
#[derive(Debug, Serialize, ToSchema)]
struct VisaView {
    /// Its type.
    r#type: String,
    /// What it asserts.
    value: String,
    /// The organization behind it.
    source: String,
    /// Who within it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
}

/// Tells who the caller is, as the gateway understands the credential.
#[utoipa::path(
    get,
    path = "/session",
    tag = "login",
    responses(
        (status = 200, description = "Who the caller is", body = SessionView),
        (status = 401, description = "No valid credential", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_session(
    State(api): State<Api>,
    caller: Authenticated,
    headers: HeaderMap,
) -> Result<Private<SessionView>> {
    caller.require(&Role::ALL)?;
    let csrf_token = api.authenticator.csrf_token(&headers);
    let caller = &caller.0;
    Ok(Private(SessionView {
        caller_id: caller.id.to_string(),
        institution: caller.institution.clone(),
        roles: caller.roles.iter().map(|role| role.as_str().to_owned()).collect(),
        scopes: caller.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        visas: caller.visas.iter().map(VisaView::of).collect(),
        api_key_id: caller.key.clone(),
        csrf_token,
    }))
}

impl VisaView {
    fn of(visa: &Visa) -> Self {
        Self {
            r#type: visa.kind.clone(),
            value: visa.value.clone(),
            source: visa.source.clone(),
            by: visa.by.clone(),
        }
    }
}
