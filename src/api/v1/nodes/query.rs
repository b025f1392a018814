//! Which page of a list is wanted, and of which nodes.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        Api,
        error::{ApiError, Result},
    },
    nodes::Standing,
};

/// Which page is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// How many items at most; from 1 on.
    #[param(value_type = Option<i64>, minimum = 1)]
    page_size: Option<String>,
    /// Where the page starts: the `next_page_token` of the page before.
    page_token: Option<String>,
    /// Only nodes that stand so: `pending`, `approved`, `expired`, `suspended`, `refused` or `withdrawn`.
    standing: Option<String>,
}

impl ListQuery {
    pub(super) fn size(&self, api: &Api) -> Result<u32> {
        let wrong =
            || ApiError::bad_request("bad_page_size", "page_size is a whole number from 1 on");
        let size = match self.page_size.as_deref() {
            None => api.config.default_page_size,
            Some(text) => text.parse().ok().filter(|size| *size > 0).ok_or_else(wrong)?,
        };
        Ok(size.min(api.config.max_page_size))
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.page_token.as_deref().filter(|token| !token.is_empty())
    }

    pub(super) fn standing(&self) -> Result<Option<Standing>> {
        let Some(word) = self.standing.as_deref() else { return Ok(None) };
        Standing::parse(word).map(Some).ok_or_else(|| {
            let words = Standing::ALL.map(Standing::as_str).join(", ");
            ApiError::bad_request("bad_query", format!("`standing` is one of {words}"))
        })
    }
}

impl FromRequestParts<Api> for ListQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self> {
        let parsed = Query::from_request_parts(parts, api).await;
        parsed.map(|Query(query)| query).map_err(|rejection| {
            ApiError::bad_request("bad_query", format!("the query: {}", rejection.body_text()))
        })
    }
}
