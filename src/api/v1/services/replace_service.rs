//! `PUT /api/v1/services/{service_id}`: another record for a service.

use axum::{extract::State, response::Response};

use super::{NamedService, OPERATORS, create_service::ServiceBody, view::ServiceView, written};
use crate::{
    api::{
        Api,
        body::JsonBody,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        etag::Expected,
        extract::DryRun,
    },
    federation::Change,
    registry::Source,
};

/// Replaces the record of a service. Without `credential`, the one that there is stays.
#[utoipa::path(
    put,
    path = "/services/{service_id}",
    tag = "services",
    params(
        ("service_id" = String, Path, description = "Id of the service"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
        ("dry_run" = Option<bool>, Query, description = "Check everything and change nothing"),
    ),
    request_body = inline(ServiceBody),
    responses(
        (status = 200, description = "The record is in force", body = ServiceView),
        (status = 400, description = "The document is wrong", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller is no operator", body = ErrorResponse),
        (status = 404, description = "There is no such service", body = ErrorResponse),
        (status = 409, description = "The record is kept somewhere else", body = ErrorResponse),
        (status = 412, description = "It was changed meanwhile", body = ErrorResponse),
        (status = 428, description = "`If-Match` is missing", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn replace_service(
    State(api): State<Api>,
    caller: Authenticated,
    NamedService(id): NamedService,
    DryRun(dry_run): DryRun,
    Expected(version): Expected,
    JsonBody(body): JsonBody<ServiceBody>,
) -> Result<Response> {
    caller.require(OPERATORS)?;
    let change = Change { document: &body.document, credential: body.to_credential()?, dry_run };
    let record = api.federation.replace(&id, change, version, Source::Operator).await?;
    Ok(written(&api, &record))
}
