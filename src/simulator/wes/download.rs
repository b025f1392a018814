//! Logs and outputs, with parts of them on demand (RFC 9110, section 14).

use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;

use super::{Dialect, Look, Server, error::Problem, run::Run};
use crate::simulator::{Outcome, course::Phase};

/// Bytes that are made at once.
const CHUNK: u64 = 64 * 1024;

/// `GET /runs/{run_id}/logs/{stream}`, where the specification's server has its logs.
pub(super) async fn run_log(
    State(server): State<Server>,
    Path((run_id, stream)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    log_of(&server, Dialect::Spec, &run_id, &stream, &headers)
}

/// Where Toil has them.
pub(super) async fn toil_log(
    State(server): State<Server>,
    Path((run_id, stream)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    log_of(&server, Dialect::Toil, &run_id, &stream, &headers)
}

/// Where the starter kit has them.
pub(super) async fn starter_kit_log(
    State(server): State<Server>,
    Path((stream, run_id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    log_of(&server, Dialect::StarterKit, &run_id, &stream, &headers)
}

fn log_of(
    server: &Server,
    dialect: Dialect,
    run_id: &str,
    stream: &str,
    headers: &HeaderMap,
) -> Response {
    let look = server.look(headers);
    server.with_run(&look, run_id, |run| {
        if look.dialect != dialect || !matches!(stream, "stdout" | "stderr") {
            return Err(not_found());
        }
        let text = run.log_text(run.course.phase(look.now), stream);
        Ok(part(Content::Text(text), "text/plain; charset=utf-8", headers))
    })
}

/// `GET /runs/{run_id}/tasks/{task_id}/logs/{stream}` of the specification's server.
pub(super) async fn task_log(
    State(server): State<Server>,
    Path((run_id, task_id, stream)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let look = server.look(&headers);
    server.with_run(&look, &run_id, |run| task_text(&look, run, &task_id, &stream, &headers))
}

/// `GET /api/jobs/{job_id}/{stream}` of Galaxy.
pub(super) async fn galaxy_log(
    State(server): State<Server>,
    Path((job_id, stream)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let look = server.look(&headers);
    let (run_id, task_id) = job_id.split_once('-').unwrap_or((job_id.as_str(), ""));
    server.with_run(&look, run_id, |run| task_text(&look, run, task_id, &stream, &headers))
}

fn task_text(
    look: &Look,
    run: &Run,
    task_id: &str,
    stream: &str,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let known = matches!(look.dialect, Dialect::Spec | Dialect::Galaxy)
        && matches!(stream, "stdout" | "stderr");
    let text = look.task_text(run, task_id, stream).filter(|_| known).ok_or_else(not_found)?;
    Ok(part(Content::Text(text), "text/plain; charset=utf-8", headers))
}

/// `GET /runs/{run_id}/outputs/{path}` of the specification's server and of Sapporo.
pub(super) async fn output(
    State(server): State<Server>,
    Path((run_id, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let look = server.look(&headers);
    server.with_run(&look, &run_id, |run| {
        let complete = run.course.phase(look.now) == Phase::Ended(Outcome::Complete);
        if !complete || !matches!(look.dialect, Dialect::Spec | Dialect::Sapporo) {
            return Err(not_found());
        }
        match path.as_str() {
            "result.bin" => {
                let content = Content::Pattern(look.knobs.output_bytes);
                Ok(part(content, "application/octet-stream", &headers))
            }
            "statistics/checksums.txt" => {
                Ok(part(Content::Text(run.checksums()), "text/plain", &headers))
            }
            _ => Err(not_found()),
        }
    })
}

fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "the file was not found")
}

/// What can be downloaded.
enum Content {
    Text(String),
    /// That many bytes; the one at position `n` is `n` modulo 251.
    Pattern(u64),
}

impl Content {
    fn length(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Pattern(length) => *length,
        }
    }

    fn body(self, first: u64, end: u64) -> Body {
        match self {
            Self::Text(text) => {
                let text = Bytes::from(text);
                let position = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
                Body::from(text.slice(position(first)..position(end)))
            }
            Self::Pattern(_) => Body::from_stream(stream::unfold(first, move |at| async move {
                let to = at.saturating_add(CHUNK).min(end);
                let bytes: Bytes = (at..to).map(pattern).collect();
                (at < end).then_some((Ok::<_, std::io::Error>(bytes), to))
            })),
        }
    }
}

fn pattern(position: u64) -> u8 {
    u8::try_from(position % 251).expect("less than 251")
}

/// The content, or the one part of it that was asked for. Several parts are not supported, and the
/// whole is sent instead, as RFC 9110 allows.
fn part(content: Content, media_type: &'static str, headers: &HeaderMap) -> Response {
    let length = content.length();
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (status, first, end) = match asked.and_then(|range| span(range, length)) {
        None => (StatusCode::OK, 0, length),
        Some((first, end)) if first < end => (StatusCode::PARTIAL_CONTENT, first, end),
        Some(_) => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            return (StatusCode::RANGE_NOT_SATISFIABLE, range).into_response();
        }
    };
    let mut answer = (status, content.body(first, end)).into_response();
    let fields = answer.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    fields.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from(end - first));
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{length}", end - 1);
        let range = HeaderValue::from_str(&range).expect("digits and ASCII marks");
        fields.insert(header::CONTENT_RANGE, range);
    }
    answer
}

/// First position and end of a single range; an empty span cannot be satisfied.
fn span(range: &str, length: u64) -> Option<(u64, u64)> {
    match range.strip_prefix("bytes=")?.split_once('-')? {
        ("", count) => {
            let count: u64 = count.parse().ok()?;
            Some((length.saturating_sub(count), length))
        }
        (first, "") => Some((first.parse().ok()?, length)),
        (first, last) => {
            let last: u64 = last.parse().ok()?;
            Some((first.parse().ok()?, last.saturating_add(1).min(length)))
        }
    }
}
