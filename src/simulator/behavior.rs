//! How a simulated server behaves and misbehaves: the knobs that all kinds share, and what they do to
//! an exchange.

use std::{io, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// Knobs of every server that runs things. Times are milliseconds; a run keeps those with which it
/// was submitted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Behavior {
    /// How long a run is queued.
    pub queue_ms: u64,
    /// How long it is prepared after that.
    pub prepare_ms: u64,
    /// How long it then runs.
    pub run_ms: u64,
    /// How long a cancel takes.
    pub cancel_ms: u64,
    /// How a run ends.
    pub outcome: Outcome,
    /// While set, every run shows this word as its state, whatever it is. Its course goes on beneath.
    pub show_state: Option<String>,
    /// How long the answer to a submission takes, counted from the end of the upload. The run exists
    /// from that end on.
    pub answer_delay_ms: u64,
    /// How long the answer to a read takes.
    pub read_delay_ms: u64,
    /// HTTP status with which submissions fail; no run is made.
    pub fail_submit_with: Option<u16>,
    /// HTTP status with which submissions fail although the run was made.
    pub create_then_fail_with: Option<u16>,
    /// The connection closes without an answer after the whole upload; the run was made.
    pub reset_after_upload: bool,
    /// Submissions are answered with an id, and the run is unknown afterwards.
    pub lose_run: bool,
    /// Submissions are refused with 400.
    pub submissions_refused: bool,
    /// How many runs may be under way; more are refused with 429.
    pub max_runs: Option<usize>,
    /// HTTP status with which reads fail, but for service-info.
    pub fail_reads_with: Option<u16>,
    /// HTTP status with which service-info fails.
    pub fail_service_info_with: Option<u16>,
    /// `Retry-After` of every 429 and 503, in seconds.
    pub retry_after_s: Option<u64>,
    /// Every error is an HTML page, as from a proxy in front.
    pub html_errors: bool,
    /// Everything but service-info and the token endpoint answers 503.
    pub maintenance: bool,
    /// Nothing is ever answered.
    pub hang: bool,
}

impl Default for Behavior {
    fn default() -> Self {
        Self {
            queue_ms: 500,
            prepare_ms: 500,
            run_ms: 2000,
            cancel_ms: 500,
            outcome: Outcome::Complete,
            show_state: None,
            answer_delay_ms: 0,
            read_delay_ms: 0,
            fail_submit_with: None,
            create_then_fail_with: None,
            reset_after_upload: false,
            lose_run: false,
            submissions_refused: false,
            max_runs: None,
            fail_reads_with: None,
            fail_service_info_with: None,
            retry_after_s: None,
            html_errors: false,
            maintenance: false,
            hang: false,
        }
    }
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Without error.
    Complete,
    /// The program failed.
    ExecutorError,
    /// The system failed.
    SystemError,
}

/// A server that has these knobs.
pub(super) trait Host: Clone + Send + Sync + 'static {
    /// The knobs as they stand.
    fn behavior(&self) -> Behavior;
    /// Ends the server.
    fn stop(&self) -> &CancellationToken;
    /// An error in this server's own words.
    fn error(&self, status: StatusCode, message: &str) -> Response;
}

/// The middleware that applies the knobs to every exchange.
pub(super) async fn behave<H: Host>(
    State(host): State<H>,
    request: Request,
    next: Next,
) -> Response {
    let behavior = host.behavior();
    tokio::select! {
        biased;
        // Connections outlive the listener; a stopped server must not answer on them.
        () = host.stop().cancelled() => hang_up(),
        answer = exchange(&host, &behavior, request, next) => behavior.dress(answer),
    }
}

async fn exchange(host: &impl Host, behavior: &Behavior, request: Request, next: Next) -> Response {
    if behavior.hang {
        return std::future::pending().await;
    }
    let reads = request.method() == Method::GET;
    let describes = request.uri().path().ends_with("/service-info");
    let gives_tokens = request.uri().path() == "/oauth/token";
    if behavior.maintenance && !describes && !gives_tokens {
        drain(request).await;
        return host.error(StatusCode::SERVICE_UNAVAILABLE, "this server is under maintenance");
    }
    if reads {
        tokio::time::sleep(Duration::from_millis(behavior.read_delay_ms)).await;
        let failure =
            if describes { behavior.fail_service_info_with } else { behavior.fail_reads_with };
        if let Some(failure) = failure {
            return host.error(status(failure), "this server fails to read");
        }
    }
    next.run(request).await
}

impl Behavior {
    /// Why a submission whose upload is complete makes no run, if it does not. `under_way` is how many
    /// runs there are that have not ended.
    pub(super) fn refusal(&self, under_way: usize) -> Option<(StatusCode, String)> {
        if let Some(failure) = self.fail_submit_with {
            return Some((status(failure), "this server fails to submit".to_owned()));
        }
        if self.submissions_refused {
            let message = "no submissions are accepted at this time";
            return Some((StatusCode::BAD_REQUEST, message.to_owned()));
        }
        let max_runs = self.max_runs.filter(|max_runs| under_way >= *max_runs)?;
        Some((StatusCode::TOO_MANY_REQUESTS, format!("{max_runs} runs are under way already")))
    }

    /// What becomes of the answer to a submission that made a run.
    pub(super) async fn answer_submission(&self, host: &impl Host, answer: Response) -> Response {
        tokio::time::sleep(Duration::from_millis(self.answer_delay_ms)).await;
        if self.reset_after_upload {
            return hang_up();
        }
        match self.create_then_fail_with {
            Some(failure) => host.error(status(failure), "this server fails after submitting"),
            None => answer,
        }
    }

    fn dress(&self, mut answer: Response) -> Response {
        let status = answer.status();
        if self.html_errors && (status.is_client_error() || status.is_server_error()) {
            let page = format!("<html><body><h1>{status}</h1><hr>nginx</body></html>");
            answer = (status, Html(page)).into_response();
        }
        let waits =
            matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        if let Some(seconds) = self.retry_after_s.filter(|_| waits) {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}

/// Reads the rest of a request that is refused unread, so that a client that is still sending gets the
/// answer and not a broken connection.
pub(super) async fn drain(request: Request) {
    let mut body = request.into_body().into_data_stream();
    while let Some(Ok(_)) = body.next().await {}
}

/// An answer of which nothing is sent: the connection closes instead. (hyper writes the head together
/// with the first bytes of the body, and a body that fails at once ends the connection before.)
pub(super) fn hang_up() -> Response {
    let broken = Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset));
    Body::from_stream(futures_util::stream::iter([broken])).into_response()
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
