//! `GET /api/v1/credentials`: what a caller has entered, and what is still wanted.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{CALLERS, view::CallerCredentialView};
use crate::api::{
    Api,
    caller::Authenticated,
    error::{ErrorResponse, Result},
    json::Private,
};

/// The caller's credentials.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CallerCredentialList {
    /// Those that were entered, by service.
    credentials: Vec<CallerCredentialView>,
    /// Services that are shown credentials of callers, for which there is none.
    wanted: Vec<WantedCredential>,
}

/// A service that is shown credentials of callers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WantedCredential {
    /// Which service.
    service: String,
    /// `required`: without one there are no runs there. `optional`: without one they are made with the
    /// gateway's.
    need: &'static str,
}

/// Lists the caller's credentials for services. None of them is shown.
#[utoipa::path(
    get,
    path = "/credentials",
    tag = "credentials",
    responses(
        (status = 200, description = "The caller's credentials", body = CallerCredentialList),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no researcher", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn list_credentials(
    State(api): State<Api>,
    caller: Authenticated,
) -> Result<Private<CallerCredentialList>> {
    caller.require(CALLERS)?;
    let (own, wanted) = api.credentials.list(&caller.0.id).await?;
    let wanted = wanted.into_iter().map(|(service, need)| WantedCredential {
        service: service.to_string(),
        need: need.as_str(),
    });
    let credentials = own.into_iter().map(CallerCredentialView::from).collect();
    Ok(Private(CallerCredentialList { credentials, wanted: wanted.collect() }))
}
