//! `PUT /api/v1/credentials/{service_id}`: a caller enters their own credential for a service.

use axum::{
    body::Body,
    extract::{Request, State},
};
use http_body_util::{BodyExt, Limited};

use super::{CALLERS, view::CallerCredentialView};
use crate::{
    api::{
        Api,
        body::{media_type, unsupported},
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        json::Private,
        v1::services::NamedService,
    },
    federation::{CredentialDocument, CredentialError},
};

/// Longest body, in bytes: a token with many claims.
const MAX_BODY: usize = 32 * 1024;

/// Enters the caller's credential for a service, instead of the one before. The service is asked whether
/// it accepts it; if not, nothing is kept. It is sealed, sent to that service alone, and never shown again.
#[utoipa::path(
    put,
    path = "/credentials/{service_id}",
    tag = "credentials",
    params(("service_id" = String, Path, description = "Id of the service")),
    request_body = CredentialDocument,
    responses(
        (status = 200, description = "The service accepts it, and it is kept", body = CallerCredentialView),
        (status = 400, description = "It is of a wrong kind, has expired, or the service refuses it", body = ErrorResponse),
        (status = 401, description = "No valid credential for the gateway itself", body = ErrorResponse),
        (status = 403, description = "The caller is no researcher", body = ErrorResponse),
        (status = 404, description = "There is no such service", body = ErrorResponse),
        (status = 409, description = "The service is not shown credentials of callers", body = ErrorResponse),
        (status = 503, description = "The service cannot be asked now; nothing is kept", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn put_credential(
    State(api): State<Api>,
    caller: Authenticated,
    named: Result<NamedService>,
    request: Request,
) -> Result<Private<CallerCredentialView>> {
    caller.require(CALLERS)?;
    let NamedService(id) = named?;
    if media_type(&request) != "application/json" {
        return Err(unsupported("the body is `application/json`"));
    }
    let document = read(request.into_body()).await?;
    let credential = document.to_credential().map_err(CredentialError::from)?;
    let view = api.credentials.put(&caller.0.id, &id, &credential).await?;
    // Runs that waited for it are looked at now.
    api.gateway.credential_was_entered(&id);
    Ok(Private(view.into()))
}

/// Reads the credential. What stands there may be a secret in the wrong place, so no error shows it.
async fn read(body: Body) -> Result<CredentialDocument> {
    let bytes = Limited::new(body, MAX_BODY).collect().await.map_err(|_| {
        ApiError::bad_request("bad_body", "the body broke off, or is longer than a credential")
    })?;
    serde_json::from_slice(&bytes.to_bytes()).map_err(|_| {
        let msg = "the body is no credential, such as {\"type\": \"bearer\", \"token\": \"...\"}";
        ApiError::bad_request("bad_json", msg)
    })
}
