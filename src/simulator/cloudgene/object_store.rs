//! The object store in which some servers keep results: another host, signed addresses, other manners.

use axum::{
    Json,
    extract::{Path, Query, Request, State},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Server, Shared, access, header_text, job::Job, knobs::CloudgeneKnobs, state::JobState, store,
};

/// What signs an address.
#[derive(Debug, Deserialize)]
pub(super) struct Signed {
    /// Until when it is good, in milliseconds.
    #[serde(rename = "X-Amz-Expires")]
    expires: Option<i64>,
    #[serde(rename = "X-Amz-Signature")]
    signature: Option<String>,
}

/// Sends to a signed address. Cloudgene 3 says 301, though it must not be remembered.
pub(super) fn redirect(
    server: &Server,
    knobs: &CloudgeneKnobs,
    asked_host: &str,
    job: &Job,
    index: usize,
    now: i64,
) -> Response {
    let host = knobs.s3_host.as_deref().unwrap_or(asked_host);
    let key = format!("{}/{}", job.id, job.files[index].name);
    let expires = now.saturating_add_unsigned(knobs.s3_expires_ms);
    let location = format!(
        "http://{host}{}/_s3/results/{key}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires={expires}\
         &X-Amz-Signature={}",
        server.base_path,
        signature(server, &key, expires),
    );
    let status = match server.generation {
        2 => StatusCode::TEMPORARY_REDIRECT,
        _ => StatusCode::MOVED_PERMANENTLY,
    };
    (status, [(header::LOCATION, location)]).into_response()
}

/// `GET /_s3/results/{job}/{name}`.
pub(super) async fn object(
    State(server): State<Shared>,
    Path((id, name)): Path<(String, String)>,
    Query(signed): Query<Signed>,
    request: Request,
) -> Response {
    let (now, knobs) = (server.now(), server.knobs());
    let headers = request.headers();
    if headers.contains_key("x-auth-token") || headers.contains_key(header::AUTHORIZATION) {
        server.store(now).leaked_tokens += 1;
        let why = "Only one auth mechanism allowed";
        return xml(StatusCode::BAD_REQUEST, "InvalidArgument", why);
    }
    let expires = signed.expires.unwrap_or(0);
    if signed.signature.as_deref()
        != Some(signature(&server, &format!("{id}/{name}"), expires).as_str())
    {
        let why = "The request signature we calculated does not match the signature you provided.";
        return xml(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", why);
    }
    if now >= expires {
        return xml(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired");
    }
    let content = {
        let store = server.store(now);
        let is_kept = |job: &&Job| job.at(now, store::retention(&knobs)).state != JobState::Retired;
        let job = store.find(&id, now).filter(is_kept);
        job.and_then(|job| job.files.iter().find(|file| file.name == name))
            .map(|file| file.content.clone())
    };
    let Some(content) = content else {
        return xml(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.");
    };
    match tokio::task::spawn_blocking(move || content.bytes()).await {
        Ok(bytes) => ranged(&bytes, headers),
        Err(_) => {
            xml(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "We encountered an error.")
        }
    }
}

/// `GET /_sim/leaks`: how often the server's token was shown to the object store.
pub(super) async fn leaks(State(server): State<Shared>) -> Json<Value> {
    Json(json!({"leaked_tokens": server.store(server.now()).leaked_tokens}))
}

/// Unlike Cloudgene, an object store knows ranges.
fn ranged(bytes: &bytes::Bytes, headers: &HeaderMap) -> Response {
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("binary/octet-stream"))];
    let Some((first, last)) =
        header_text(headers, "range").and_then(|text| range(text, bytes.len()))
    else {
        return (kind, bytes.clone()).into_response();
    };
    let content_range = format!("bytes {first}-{last}/{}", bytes.len());
    let part = bytes.slice(first..=last);
    (StatusCode::PARTIAL_CONTENT, kind, [(header::CONTENT_RANGE, content_range)], part)
        .into_response()
}

fn range(text: &str, length: usize) -> Option<(usize, usize)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let first = first.parse().ok()?;
    let last = last.parse().unwrap_or(usize::MAX).min(length.checked_sub(1)?);
    (first <= last).then_some((first, last))
}

fn signature(server: &Server, key: &str, expires: i64) -> String {
    URL_SAFE_NO_PAD.encode(access::sign(server, &format!("{key}?{expires}")))
}

fn xml(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
         <Message>{message}</Message></Error>"
    );
    (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}
