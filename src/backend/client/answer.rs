//! Reading what a service answered, within bounds.

use std::{io, time::Duration};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, BodyStream};
use hyper::body::Incoming;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Config, HttpError};
use crate::backend::{ByteStream, Download, Error};

/// An answer whose head has come.
#[derive(Debug)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Incoming,
    deadline: Duration,
    stall: Duration,
    limit: usize,
    /// What the request showed: where the answer repeats it, it is taken out.
    hidden: Vec<SecretString>,
}

/// A shorter secret is not looked for in answers: it would stand in innocent words.
const SHORTEST_HIDDEN: usize = 8;

/// An error answer, in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// What the service said, without markup, cut to a readable length.
    pub message: String,
    /// When it wants to be asked again.
    pub retry_after: Option<Duration>,
}

impl Answer {
    pub(super) fn new(answer: http::Response<Incoming>, config: &Config) -> Self {
        let (head, body) = answer.into_parts();
        Self {
            status: head.status,
            headers: head.headers,
            body,
            deadline: config.answer_timeout,
            stall: config.stall_timeout,
            limit: config.max_answer_bytes,
            hidden: Vec::new(),
        }
    }

    /// Takes a secret out of what is read, should the service repeat it: answers end in logs, in the
    /// ledger and before callers.
    pub(super) fn hiding(mut self, secret: &SecretString) -> Self {
        if secret.expose_secret().len() >= SHORTEST_HIDDEN {
            self.hidden.push(secret.clone());
        }
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The `Location` of a redirect.
    pub fn location(&self) -> Option<&str> {
        self.headers.get(header::LOCATION)?.to_str().ok()
    }

    /// Whether this is a page for people, such as a proxy's own error, and not the service speaking.
    pub fn is_page(&self) -> bool {
        let media_type =
            self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        media_type.is_some_and(|media_type| media_type.starts_with("text/html"))
    }

    /// Reads the whole body, up to the bound and within the answer time-out.
    pub async fn bytes(mut self) -> Result<Bytes, HttpError> {
        let read = async {
            let mut all = BytesMut::new();
            while let Some(frame) = self.body.frame().await {
                let frame = frame.map_err(|error| HttpError::Broken(Box::new(error)))?;
                if let Ok(data) = frame.into_data() {
                    if all.len() + data.len() > self.limit {
                        return Err(HttpError::TooLarge { limit: self.limit });
                    }
                    all.extend_from_slice(&data);
                }
            }
            Ok(self.hidden.iter().fold(all.freeze(), without))
        };
        tokio::time::timeout(self.deadline, read)
            .await
            .map_err(|_| HttpError::Timeout { after: self.deadline })?
    }

    /// Reads the body as JSON. Text that is no such JSON is [`Error::Malformed`].
    pub async fn json<T: DeserializeOwned>(self) -> Result<T, Error> {
        let bytes = self.bytes().await.map_err(HttpError::into_read_error)?;
        parse_json(&bytes)
    }

    /// Reads the body of an error answer.
    pub async fn problem(self) -> Problem {
        let status = self.status.as_u16();
        let retry_after = retry_after(&self.headers);
        let message = match self.bytes().await {
            Ok(bytes) => problem_text(&bytes),
            Err(error) => error.to_string(),
        };
        Problem { status, message, retry_after }
    }

    /// Hands the body on as it comes. A stall ends it with an error.
    pub fn into_download(self) -> Download {
        let length = number(&self.headers, header::CONTENT_LENGTH);
        let range = (self.status == StatusCode::PARTIAL_CONTENT)
            .then(|| content_range(self.headers.get(header::CONTENT_RANGE)?.to_str().ok()?))
            .flatten()
            .filter(|(first, last, whole)| first <= last && *last < whole.unwrap_or(u64::MAX));
        let content_type = self
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        Download { length, range, content_type, bytes: watch_stalls(self.body, self.stall) }
    }
}

/// The text without a secret in it.
fn without(text: Bytes, secret: &SecretString) -> Bytes {
    const MARK: &[u8] = b"***";
    let secret = secret.expose_secret().as_bytes();
    let mut rest = &text[..];
    let mut clean = BytesMut::new();
    while let Some(at) = find(rest, secret) {
        clean.extend_from_slice(&rest[..at]);
        clean.extend_from_slice(MARK);
        rest = &rest[at + secret.len()..];
    }
    if rest.len() == text.len() {
        return text;
    }
    clean.extend_from_slice(rest);
    clean.freeze()
}

/// Where `wanted`, which is not empty, begins in a text.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| *byte == wanted[0]) {
        if text[from + at..].starts_with(wanted) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

fn watch_stalls(body: Incoming, stall: Duration) -> ByteStream {
    let frames = BodyStream::new(body).filter_map(|frame| {
        // Not an async closure: rustc 1.95 loses track of it in incremental builds and crashes.
        std::future::ready(match frame {
            Ok(frame) => frame.into_data().ok().map(Ok),
            Err(error) => Some(Err(io::Error::other(error))),
        })
    });
    Box::pin(futures_util::stream::unfold(Some(Box::pin(frames)), move |frames| async move {
        let mut frames = frames?;
        match tokio::time::timeout(stall, frames.next()).await {
            Ok(Some(Ok(data))) => Some((Ok(data), Some(frames))),
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Ok(None) => None,
            Err(_) => Some((Err(io::ErrorKind::TimedOut.into()), None)),
        }
    }))
}

/// Parses JSON. The error names the place; what came instead is shown only if it is a page of markup, since
/// JSON of another shape may hold a token or a password.
pub(super) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let page = bytes.trim_ascii_start().starts_with(b"<");
        let shown = if page { problem_text(bytes) } else { String::new() };
        Error::Malformed(format!("{error} {shown}").trim_end().to_owned())
    })
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    // Only the form in seconds: the date form depends on two clocks.
    number(headers, header::RETRY_AFTER).map(Duration::from_secs)
}

fn number(headers: &HeaderMap, name: header::HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn content_range(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let (positions, whole) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = positions.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?, whole.parse().ok()))
}

/// The message in an error body: the members under which real servers put it, else its text.
fn problem_text(bytes: &[u8]) -> String {
    let said = serde_json::from_slice::<Value>(bytes).ok().and_then(|body| {
        ["msg", "message", "detail", "err_msg", "error_description", "title", "error"]
            .iter()
            .find_map(|member| body.get(member)?.as_str().map(str::to_owned))
    });
    match said {
        Some(text) => plain_text(&text),
        None => plain_text(&String::from_utf8_lossy(&bytes[..bytes.len().min(4096)])),
    }
}

/// Text for people out of text with markup: tags and entities gone, white space folded, cut to 400
/// characters.
pub fn plain_text(text: &str) -> String {
    let mut plain = String::new();
    let mut in_tag = false;
    for c in text.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                plain.push(' ');
            }
            _ if in_tag => {}
            c if c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
    }
    let plain = plain
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&");
    let folded = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    match folded.char_indices().nth(400) {
        Some((end, _)) => format!("{}…", &folded[..end]),
        None => folded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_where_servers_put_them() {
        for (body, expected) in [
            (r#"{"msg":"no","status_code":400}"#, "no"),
            (r#"{"success":false,"message":"Only <b>3</b> jobs"}"#, "Only 3 jobs"),
            (r#"{"err_msg":"not found","err_code":404001}"#, "not found"),
            ("<html><h1>502 Bad Gateway</h1></html>", "502 Bad Gateway"),
            ("", ""),
        ] {
            assert_eq!(problem_text(body.as_bytes()), expected);
        }
    }

    #[test]
    fn a_content_range_is_read() {
        assert_eq!(content_range("bytes 2-5/10"), Some((2, 5, Some(10))));
        assert_eq!(content_range("bytes 2-5/*"), Some((2, 5, None)));
        assert_eq!(content_range("lines 2-5/10"), None);
    }
}
