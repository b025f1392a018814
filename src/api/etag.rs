//! Optimistic concurrency (RFC 9110, section 13): a change says which version it was made against.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
};

use super::{
    Api,
    error::{ApiError, Result},
};

/// The entity tag of a version.
pub(super) fn etag(version: i64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).expect("digits and quotes")
}

/// The version that a change was made against, as `If-Match` says; without it the change is refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected(pub(super) i64);

/// [`Expected`], where a change without it is taken as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct MaybeExpected(pub(super) Option<i64>);

impl FromRequestParts<Api> for Expected {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self> {
        read(&parts.headers)?.map(Self).ok_or_else(|| {
            let msg = "send the ETag that you read in `If-Match`, so that no other change is lost";
            ApiError::new(StatusCode::PRECONDITION_REQUIRED, "precondition_required", msg)
        })
    }
}

impl FromRequestParts<Api> for MaybeExpected {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self> {
        Ok(Self(read(&parts.headers)?))
    }
}

fn read(headers: &HeaderMap) -> Result<Option<i64>> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let tag = value.to_str().unwrap_or_default().trim();
    // Proxies that compress turn a strong tag into a weak one; the version in it is the same.
    let tag = tag.strip_prefix("W/").unwrap_or(tag);
    let version = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match version.and_then(|version| version.parse().ok()) {
        Some(version) => Ok(Some(version)),
        None => {
            let msg = "`If-Match` holds one ETag of this resource, such as \"3\"";
            Err(ApiError::bad_request("bad_if_match", msg))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_comes_back_as_it_went_out() {
        for (sent, version) in
            [(r#""3""#, Some(3)), (r#"W/"3""#, Some(3)), ("3", None), ("*", None), (r#""a""#, None)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, sent.parse().unwrap());

            assert_eq!(read(&headers).ok().flatten(), version, "{sent}");
        }
        assert_eq!(etag(3), r#""3""#);
        assert_eq!(read(&HeaderMap::new()).unwrap(), None);
    }
}
