//! `GET /api/v1/alerts`: what needs somebody, and what did.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{READERS, alert::Alert};
use crate::{
    alerts::{Filter, Severity},
    api::{
        Api,
        caller::Authenticated,
        error::{ApiError, ErrorResponse, Result},
        extract::Query,
        json::Private,
        page::PageQuery,
    },
};

/// Which alerts are wanted. Read as text, so that what is wrong gets an answer of ours.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertQuery {
    /// `open` (unless said otherwise), `resolved` or `all`.
    state: Option<String>,
    /// Only those of this severity: `info`, `warning` or `critical`.
    severity: Option<String>,
    /// Only those about this service.
    service: Option<String>,
    /// Only those of this rule.
    rule: Option<String>,
}

/// A page of alerts, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertList {
    /// The alerts.
    alerts: Vec<Alert>,
    /// Where the next page starts; empty on the last one.
    next_page_token: String,
}

/// Lists alerts, newest first.
#[utoipa::path(
    get,
    path = "/alerts",
    tag = "alerts",
    params(AlertQuery, PageQuery),
    responses(
        (status = 200, description = "A page of alerts", body = AlertList),
        (status = 400, description = "Bad filter, page_size or page_token", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 403, description = "The caller has no role that may see alerts", body = ErrorResponse),
        (status = 500, description = "The gateway failed", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn list_alerts(
    State(api): State<Api>,
    caller: Authenticated,
    Query(page): Query<PageQuery>,
    Query(query): Query<AlertQuery>,
) -> Result<Private<AlertList>> {
    caller.require(READERS)?;
    let (filter, size) = (query.into_filter()?, page.size(&api.config)?);
    let page = api.alerts.list(&filter, page.token(), size).await?;
    Ok(Private(AlertList {
        alerts: page.alerts.into_iter().map(Alert::from).collect(),
        next_page_token: page.next_page_token.unwrap_or_default(),
    }))
}

impl AlertQuery {
    fn into_filter(self) -> Result<Filter> {
        let open = match self.state.as_deref() {
            None | Some("open") => Some(true),
            Some("resolved") => Some(false),
            Some("all") => None,
            Some(_) => return Err(bad_filter("state is open, resolved or all")),
        };
        let severity = self.severity.map(|word| Severity::parse(&word).ok_or(word)).transpose();
        let severity = severity.map_err(|_| bad_filter("severity is info, warning or critical"))?;
        Ok(Filter { open, severity, service: self.service, rule: self.rule })
    }
}

fn bad_filter(msg: &str) -> ApiError {
    ApiError::bad_request("bad_filter", msg)
}
