//! `GET /api/v1/audit`: what was permitted and done.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::query::AuditQuery;
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Query,
        json::Private,
    },
    audit::{Line, Record},
};

/// A page of the audit trail, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    /// The entries, each with its place in the chain.
    #[schema(value_type = Vec<AuditLine>)]
    entries: Vec<Line>,
    /// Where the next page starts; empty at the end.
    next_page_token: String,
}

/// An entry of the audit trail. `hash` is the SHA-256, in hexadecimal, of `previous`, a line feed, and
/// `entry` byte for byte.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes `audit::Line`, which the OpenAPI crate cannot see into")]
pub(crate) struct AuditLine {
    /// Its number, from 1 on.
    sequence: i64,
    /// Hash of the entry before it.
    previous: String,
    /// Hash of this one.
    hash: String,
    /// `sequence`, `at`, `act`, and whatever is known of `caller`, `institution`, `run_id`, `service`,
    /// `study` and `dataset`, with further members for each kind of act.
    #[schema(value_type = Object)]
    entry: (),
}

/// Lists what was permitted and done, oldest first. A data steward sees what callers of the own institution
/// did; operators see all.
#[utoipa::path(
    get,
    path = "/audit",
    tag = "audit",
    params(AuditQuery),
    responses(
        (status = 200, description = "A page of the trail", body = AuditPage),
        (status = 400, description = "A bad filter, page_size or page_token", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller may not read the trail", body = ErrorResponse),
        (status = 503, description = "The trail cannot be read now", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn list_audit(
    State(api): State<Api>,
    caller: Authenticated,
    Query(query): Query<AuditQuery>,
) -> Result<Private<AuditPage>> {
    let (size, after) = query.page(&api.config)?;
    let page = api.audit.page(&query.for_caller(&caller)?, after, size).await?;
    let entries = page.records.into_iter().map(Record::line).collect::<Result<_, _>>()?;
    let next_page_token = page.next.map(|after| after.to_string()).unwrap_or_default();
    Ok(Private(AuditPage { entries, next_page_token }))
}
