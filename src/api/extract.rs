//! What a request's address says, or an error of ours: axum's own would be plain text, which no WES client
//! reads.

use axum::{
    extract::{FromRequestParts, MatchedPath, Path as ParsedPath, Query as ParsedQuery},
    http::request::Parts,
};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::{
    Api,
    error::{ApiError, no_such_route},
};
use crate::gateway;

/// The parts of the path that differ from request to request.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        if let Ok(ParsedPath(named)) = ParsedPath::from_request_parts(parts, api).await {
            return Ok(Self(named));
        }
        // Nothing has a name that is not UTF-8.
        let route = parts.extensions.get::<MatchedPath>();
        if route.is_some_and(|route| route.as_str().contains("{run_id}")) {
            return Err(gateway::Error::UnknownRun.into());
        }
        Err(no_such_route().await)
    }
}

/// What stands after the question mark.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Api> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let parsed = ParsedQuery::from_request_parts(parts, api).await;
        parsed.map(|ParsedQuery(query)| Self(query)).map_err(|flaw| bad_query(&flaw.body_text()))
    }
}

/// `?dry_run=true`: check everything and change nothing.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct DryRun(pub(super) bool);

impl FromRequestParts<Api> for DryRun {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let found =
            url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "dry_run");
        match found.as_ref().map(|(_, value)| value.as_ref()) {
            None | Some("false") => Ok(Self(false)),
            Some("true" | "") => Ok(Self(true)),
            Some(_) => Err(bad_query("dry_run is `true` or `false`")),
        }
    }
}

/// What stands after the question mark makes no sense, and why.
pub(super) fn bad_query(why: &str) -> ApiError {
    ApiError::bad_request("bad_query", format!("the query: {why}"))
}

/// A time in a query.
pub(super) fn time(member: &str, text: &str) -> Result<Timestamp, ApiError> {
    text.parse().map_err(|_| {
        let msg = format!("{member} is a time such as 2026-11-27T08:00:00Z");
        ApiError::bad_request("bad_time", msg)
    })
}
