//! JSON answers, with a media type that every client accepts.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// A JSON answer that no cache may keep: it belongs to one caller.
#[derive(Debug)]
pub(super) struct Private<T>(pub(super) T);

impl<T: Serialize> IntoResponse for Private<T> {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.0).into_response();
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        response
    }
}
