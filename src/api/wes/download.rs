//! Hands a file on to its caller, whole or in part (RFC 9110, section 14).

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;

use crate::{
    api::error::ApiError,
    backend::{ByteRange, Download},
    gateway::{OpenedFile, Stream},
};

/// The one range that is asked for, if it is one that can be understood; else the whole file is sent, as
/// the standard allows.
pub(super) fn wanted_range(headers: &HeaderMap) -> Option<ByteRange> {
    let text = headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
    let (first, last) = text.split_once('-')?;
    match (first.trim(), last.trim()) {
        ("", last) => last.parse().ok().map(ByteRange::Last),
        (first, "") => first.parse().ok().map(|first| ByteRange::From(first, None)),
        (first, last) => {
            let (first, last) = (first.parse().ok()?, last.parse().ok()?);
            (first <= last).then_some(ByteRange::From(first, Some(last)))
        }
    }
}

/// The answer for a file that was opened.
pub(super) fn respond(file: OpenedFile, range: Option<ByteRange>, media_type: &str) -> Response {
    match file {
        OpenedFile::Whole(bytes) => {
            let length = bytes.len() as u64;
            let bytes: Stream = Box::pin(futures_util::stream::iter([Ok(bytes)]));
            let whole = Download { length: Some(length), range: None, content_type: None, bytes };
            respond_to(whole, range, media_type)
        }
        OpenedFile::Streamed(download) => respond_to(download, range, media_type),
    }
}

fn respond_to(download: Download, range: Option<ByteRange>, media_type: &str) -> Response {
    let Some(range) = range else { return whole(download, media_type) };
    if let Some((first, last, length)) = download.range {
        return part(Body::from_stream(download.bytes), first, last, length, media_type);
    }
    // The service sent the whole file; the part is cut out here, if its place can be known.
    let Some(length) = download.length else { return whole(download, media_type) };
    match positions(range, length) {
        Some((first, last)) => {
            let body = Body::from_stream(cut(download.bytes, first, last - first + 1));
            part(body, first, last, Some(length), media_type)
        }
        None => {
            let error = ApiError::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "range_not_satisfiable",
                format!("the file has {length} bytes"),
            );
            let mut response = error.into_response();
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{length}"));
            response
        }
    }
}

fn whole(download: Download, media_type: &str) -> Response {
    let mut response = Body::from_stream(download.bytes).into_response();
    if let Some(length) = download.length {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    dress(&mut response, media_type);
    response
}

fn part(body: Body, first: u64, last: u64, length: Option<u64>, media_type: &str) -> Response {
    let mut response = (StatusCode::PARTIAL_CONTENT, body).into_response();
    let length = length.map_or_else(|| "*".to_owned(), |length| length.to_string());
    set(&mut response, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{length}"));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(last - first + 1));
    dress(&mut response, media_type);
    response
}

/// The headers of a file. It came from elsewhere, so no browser may take it for a page of ours.
pub(super) fn dress(response: &mut Response, media_type: &str) {
    set(response, header::CONTENT_TYPE, media_type);
    set(response, header::ACCEPT_RANGES, "bytes");
    set(response, header::CACHE_CONTROL, "private, no-store");
    set(response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(response, header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'");
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// First and last position of a range in a file of that length, if there is any byte in it.
fn positions(range: ByteRange, length: u64) -> Option<(u64, u64)> {
    let (first, last) = match range {
        ByteRange::From(first, last) => {
            (first, last.unwrap_or(u64::MAX).min(length.checked_sub(1)?))
        }
        ByteRange::Last(count) => (length.saturating_sub(count), length.checked_sub(1)?),
    };
    (first <= last).then_some((first, last))
}

fn cut(bytes: Stream, skip: u64, take: u64) -> Stream {
    let cut = bytes.scan((skip, take), |(skip, take), chunk| {
        let piece = match chunk {
            Err(error) => Some(Err(error)),
            Ok(_) if *take == 0 => None,
            Ok(chunk) => Some(Ok(piece_of(&chunk, skip, take))),
        };
        std::future::ready(piece)
    });
    Box::pin(cut)
}

fn piece_of(chunk: &Bytes, skip: &mut u64, take: &mut u64) -> Bytes {
    let length = chunk.len() as u64;
    let begin = length.min(*skip);
    let end = length.min(begin.saturating_add(*take));
    *skip -= begin;
    *take -= end - begin;
    let at = |position| usize::try_from(position).expect("a position within a chunk");
    chunk.slice(at(begin)..at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_is_cut_out_of_a_whole_file() {
        for (range, expected, content_range) in [
            (ByteRange::From(0, Some(3)), "0123", "bytes 0-3/10"),
            (ByteRange::From(3, Some(4)), "34", "bytes 3-4/10"),
            (ByteRange::From(8, None), "89", "bytes 8-9/10"),
            (ByteRange::From(8, Some(99)), "89", "bytes 8-9/10"),
            (ByteRange::Last(3), "789", "bytes 7-9/10"),
            (ByteRange::Last(99), "0123456789", "bytes 0-9/10"),
        ] {
            let response = respond_to(in_chunks(), Some(range), "text/plain");

            assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
            assert_eq!(response.headers()[header::CONTENT_RANGE], content_range);
            let body = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
            assert_eq!(body, expected, "{range:?}");
        }
    }

    #[test]
    fn a_part_beyond_the_end_is_refused_with_the_length() {
        let response = respond_to(in_chunks(), Some(ByteRange::From(10, None)), "text/plain");

        assert_eq!(response.status(), StatusCode::RANGE_NOT_SATISFIABLE);
        assert_eq!(response.headers()[header::CONTENT_RANGE], "bytes */10");
    }

    #[test]
    fn ranges_are_read() {
        for (text, expected) in [
            ("bytes=0-3", Some(ByteRange::From(0, Some(3)))),
            ("bytes=5-", Some(ByteRange::From(5, None))),
            ("bytes=-5", Some(ByteRange::Last(5))),
            ("bytes=3-1", None),
            ("bytes=0-1,3-4", None),
            ("lines=0-1", None),
        ] {
            let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(text))]);
            assert_eq!(wanted_range(&headers), expected, "{text}");
        }
    }

    fn in_chunks() -> Download {
        let chunks = ["012", "3456", "", "789"].map(|text| Ok(Bytes::from_static(text.as_bytes())));
        Download {
            length: Some(10),
            range: None,
            content_type: None,
            bytes: Box::pin(futures_util::stream::iter(chunks)),
        }
    }
}
