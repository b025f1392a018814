//! `GET /api/v1/audit/export`: the trail as a file that is verified offline.

use axum::{
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::stream;

use super::query::AuditQuery;
use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::Query,
    },
    audit::{self, Audit, Filter, Page},
};

/// Entries that are read at a time.
const STEP: u32 = 500;

/// The trail as JSON lines, oldest first, each as in the list. `ga4gh-gateway audit verify` reads it. It is
/// streamed: one that ends without its last line feed broke off.
#[utoipa::path(
    get,
    path = "/audit/export",
    tag = "audit",
    params(AuditQuery),
    responses(
        (status = 200, description = "The entries, one JSON document a line", body = String, content_type = "application/jsonl"),
        (status = 400, description = "A bad filter", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller may not read the trail", body = ErrorResponse),
        (status = 503, description = "The trail cannot be read now", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn export_audit(
    State(api): State<Api>,
    caller: Authenticated,
    Query(query): Query<AuditQuery>,
) -> Result<Response> {
    let filter = query.for_caller(&caller)?;
    // Read before the answer begins, so that a trail that cannot be read is an error.
    let first = api.audit.page(&filter, 0, STEP).await?;
    let body = Body::from_stream(stream::try_unfold(Some(first), move |page| {
        let (audit, filter) = (api.audit.clone(), filter.clone());
        async move {
            let Some(page) = page else { return Ok(None) };
            let next = following(&audit, &filter, page.next).await?;
            Ok::<_, audit::Error>(Some((lines(page)?, next)))
        }
    }));
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, body).into_response())
}

async fn following(
    audit: &Audit,
    filter: &Filter,
    after: Option<i64>,
) -> audit::Result<Option<Page>> {
    match after {
        Some(after) => Ok(Some(audit.page(filter, after, STEP).await?)),
        None => Ok(None),
    }
}

fn lines(page: Page) -> audit::Result<Bytes> {
    let mut text = String::new();
    for record in page.records {
        let line = serde_json::to_string(&record.line()?);
        text.push_str(&line.map_err(|_| audit::Error::Unwritable)?);
        text.push('\n');
    }
    Ok(text.into())
}
