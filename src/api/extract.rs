//! Extractors of axum that refuse in our words: its own answer plain text, which no WES client reads.

use axum::{
    extract::{FromRequestParts, Path as AxumPath, Query as AxumQuery},
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// What stands in the path. Anything that cannot be read is the name of nothing.
#[derive(Debug)]
pub(super) struct Path<T>(pub(super) T);

/// What stands behind the question mark.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = AxumPath::from_request_parts(parts, state).await;
        read.map(|AxumPath(value)| Self(value)).map_err(|rejection| {
            ApiError::new(StatusCode::NOT_FOUND, "no_such_route", rejection.body_text())
        })
    }
}

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = AxumQuery::from_request_parts(parts, state).await;
        read.map(|AxumQuery(value)| Self(value))
            .map_err(|rejection| ApiError::bad_request("bad_query", rejection.body_text()))
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, http::Request, routing::get};
    use tower::ServiceExt;

    use super::*;

    #[derive(serde::Deserialize)]
    struct Page {
        _size: Option<String>,
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_refused_in_json() {
        let read = async |_: Path<String>, _: Query<Page>| ();
        let router = Router::new().route("/runs/{run_id}", get(read));
        for (uri, status) in
            [("/runs/1?_size=2&other=3", 200), ("/runs/%FF", 404), ("/runs/1?_size=2&_size=3", 400)]
        {
            let request = Request::get(uri).body(Body::empty()).unwrap();

            let response = router.clone().oneshot(request).await.unwrap();

            assert_eq!(response.status(), status, "{uri}");
            if status != 200 {
                assert_eq!(response.headers()["content-type"], "application/json", "{uri}");
            }
        }
    }
}
