//! `GET /api/v1/audit/head`: where the chain ends.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        json::Private,
    },
    domain::Role,
};

/// The end of the audit trail.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditHead {
    /// Number of the last entry; 0 if there is none.
    sequence: i64,
    /// Its hash.
    hash: String,
}

/// Tells where the chain ends. Whoever keeps it can prove later that nothing before it was changed:
/// `ga4gh-gateway audit verify --head SEQUENCE:HASH`.
#[utoipa::path(
    get,
    path = "/audit/head",
    tag = "audit",
    responses(
        (status = 200, description = "The last entry's number and hash", body = AuditHead),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller may not read the trail", body = ErrorResponse),
        (status = 503, description = "The trail cannot be read now", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn get_audit_head(
    State(api): State<Api>,
    caller: Authenticated,
) -> Result<Private<AuditHead>> {
    caller.require(&[Role::Operator, Role::DataSteward])?;
    let head = api.audit.head().await?;
    Ok(Private(AuditHead { sequence: head.sequence, hash: head.hash }))
}
