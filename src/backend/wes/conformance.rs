//! What a WES server can be relied upon for, asked in ways that leave no run behind.
//!
//! Two shapes are not asked about runs that do not exist, nor sent half a submission: `wes-server` makes
//! a run of every id that it is asked about, and Toil keeps a run for every submission that it refuses.
//! Both answer with the bare service-info of WES 1.0.

use http::{Method, Request, StatusCode, header};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::{Site, WesBackend, service_info, wire};
use crate::{
    backend::{
        Error, LogSource, Result,
        client::{Answer, Client, Form, HttpError, join, slash_variant},
        conformance::{Scores, judge_cancel},
    },
    domain::{BackendRunId, Credential, Service},
};

/// Asks everything.
pub(in crate::backend) async fn examine(
    service: &Service,
    client: &Client,
    credential: &Credential,
    scores: &Scores,
) -> Result<(), String> {
    let backend = WesBackend::try_new(service, client.clone())?;
    let Some((site, info)) = find_site(&backend, credential, scores).await else { return Ok(()) };
    score_info(&info, scores);
    let exam = Exam { backend: &backend, credential, site: &site, scores };
    if site.told.is_bare {
        let why = "not tried: a server that tells so little of itself may keep a run for every \
                   submission that it refuses, or for every id that it is asked about";
        scores.unknown("submit", why);
        scores.unknown("cancel", why);
        exam.read_runs().await;
    } else {
        tokio::join!(exam.read_runs(), exam.submit(), exam.cancel());
    }
    Ok(())
}

/// Where the API is, as the adapter would find it.
async fn find_site(
    backend: &WesBackend,
    credential: &Credential,
    scores: &Scores,
) -> Option<(Site, Value)> {
    let given = backend.service.url.clone();
    let mut failure = None;
    for base in [given.clone(), join(&given, &["ga4gh", "wes", "v1"])] {
        match backend.raw_info(credential, &base).await {
            Ok(info) => {
                if let Some(told) = service_info::read(&info) {
                    return Some((Site { base, told }, info));
                }
            }
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        Some(Error::Credential { message }) => {
            let meaning = "it gets no runs with this credential";
            scores.fail("authenticated", format!("service-info is refused: {message}"), meaning);
        }
        Some(error) => {
            scores.fail("service_info", error.to_string(), "it is not taken for a WES server");
        }
        None => {
            let said = "what answers there is no service-info of WES";
            scores.fail("service_info", said, "it is not taken for a WES server");
        }
    }
    None
}

/// Whether a value is of the right kind.
type Fits = fn(&Value) -> bool;

/// Members that WES 1.1.0 requires, and what kind of value each is.
const REQUIRED: [(&str, Fits); 12] = [
    ("id", Value::is_string),
    ("name", Value::is_string),
    ("type", Value::is_object),
    ("organization", Value::is_object),
    ("version", Value::is_string),
    ("workflow_type_versions", Value::is_object),
    ("supported_wes_versions", Value::is_array),
    ("supported_filesystem_protocols", Value::is_array),
    ("workflow_engine_versions", Value::is_object),
    ("default_workflow_engine_parameters", Value::is_array),
    ("system_state_counts", Value::is_object),
    ("auth_instructions_url", Value::is_string),
];

fn score_info(info: &Value, scores: &Scores) {
    let missing: Vec<_> = REQUIRED
        .iter()
        .filter(|(name, _)| info.get(name).is_none())
        .map(|(name, _)| *name)
        .collect();
    let odd = REQUIRED.iter().filter(|(name, fits)| info.get(name).is_some_and(|it| !fits(it)));
    let mut said = Vec::new();
    if !missing.is_empty() {
        said.push(format!("service-info lacks {}", missing.join(", ")));
    }
    let mut odd: Vec<_> = odd.map(|(name, _)| *name).collect();
    let group = info.pointer("/type/group").and_then(Value::as_str);
    if group.is_some_and(|group| group != "org.ga4gh") {
        odd.push("type.group");
    }
    if !odd.is_empty() {
        said.push(format!("service-info has its own idea of {}", odd.join(", ")));
    }
    if said.is_empty() {
        return scores.pass("service_info", "all that WES 1.1.0 requires");
    }
    let types = info.get("workflow_type_versions").and_then(Value::as_object);
    if types.is_none_or(serde_json::Map::is_empty) {
        let meaning = "no workflow type is known, so that no run is routed to it";
        return scores.fail("service_info", said.join("; "), meaning);
    }
    let meaning = "the gateway lives with it; what is not told cannot be routed by";
    scores.warn("service_info", said.join("; "), meaning);
}

/// What the questions are asked with.
struct Exam<'a> {
    backend: &'a WesBackend,
    credential: &'a Credential,
    site: &'a Site,
    scores: &'a Scores,
}

impl Exam<'_> {
    /// The list, its pages, whether a credential is needed for it, and the log of a run in it.
    async fn read_runs(&self) {
        let url = self.first_page();
        let page: Value = match self.backend.read(self.credential, self.site, &url).await {
            Ok(page) => page,
            Err(Error::Credential { message }) => {
                let said = format!("the list of runs is refused: {message}");
                let meaning = "it gets no runs with this credential";
                return self.scores.fail("authenticated", said, meaning);
            }
            Err(error) => {
                let said = format!("the list of runs cannot be read: {error}");
                let meaning = "a run whose submission was not confirmed cannot be looked for";
                return self.scores.fail("list", said, meaning);
            }
        };
        self.score_list(&page);
        self.score_access(&url).await;
        let runs: wire::RunList = serde_json::from_value(page).unwrap_or_default();
        let first = runs.runs.into_iter().chain(runs.workflows).find_map(|run| run.run_id);
        match first {
            Some(id) => self.score_log(&BackendRunId::new(id)).await,
            None => self.scores.unknown("logs", "the account has no run whose log could be read"),
        }
    }

    fn first_page(&self) -> Url {
        let mut url = join(&self.site.base, &["runs"]);
        url.query_pairs_mut().append_pair("page_size", "1");
        url
    }

    fn score_list(&self, page: &Value) {
        let of = |key: &str| page.get(key).and_then(Value::as_array);
        let runs = match (of("runs"), of("workflows")) {
            (Some(runs), _) => {
                self.scores.pass("list", "runs are listed under `runs`");
                runs
            }
            (None, Some(runs)) => {
                let said = "runs are listed under `workflows`, the name before WES 1.0";
                self.scores.warn(
                    "list",
                    said,
                    "the gateway reads it; other clients may see no runs",
                );
                runs
            }
            (None, None) => {
                let meaning = "a run whose submission was not confirmed cannot be looked for";
                return self.scores.fail(
                    "list",
                    "the list has neither `runs` nor `workflows`",
                    meaning,
                );
            }
        };
        let token = page.get("next_page_token").and_then(Value::as_str).unwrap_or_default();
        match (runs.len(), token) {
            (2.., _) => self.scores.warn(
                "paging",
                format!("asked for one run, it lists {}", runs.len()),
                "each look for a run reads the whole list; with many runs that is slow",
            ),
            (1, token) if !token.is_empty() => {
                self.scores
                    .pass("paging", "one run was asked for and came, with the next page's token");
            }
            (0 | 1, _) if page.get("next_page_token").is_none() => self.scores.warn(
                "paging",
                "the list tells no next page",
                "it may not show all runs; one whose submission was not confirmed may not be found",
            ),
            (_, _) => {
                self.scores.unknown("paging", "the account has too few runs to turn a page");
            }
        }
    }

    /// The list was read with the credential; whether it can be read without one is the other half.
    async fn score_access(&self, url: &Url) {
        let open = "whoever reaches it can read, start and cancel runs there";
        if matches!(self.credential, Credential::None) {
            return self.scores.warn("authenticated", "it asks for no credential", open);
        }
        let anyone = self.backend.client.get(&Credential::None, url).await;
        match anyone {
            Ok(answer) if answer.status().is_success() => {
                let said = "the credential was accepted, but nobody needs one";
                self.scores.warn("authenticated", said, open);
            }
            Ok(_) | Err(_) => {
                self.scores.pass("authenticated", "the credential was accepted, and one is needed");
            }
        }
    }

    async fn score_log(&self, id: &BackendRunId) {
        let details = match self.backend.details(self.credential, self.site, id).await {
            Ok(details) => details,
            Err(error) => {
                let said = format!("the log of run {id} cannot be read: {error}");
                return self.scores.warn("logs", said, "callers may see no logs and no outputs");
            }
        };
        let has = |source: &LogSource| !matches!(source, LogSource::None);
        if has(&details.stderr) || has(&details.stdout) {
            self.scores.pass("logs", format!("the log of run {id} tells its output"));
        } else {
            let said = format!("the log of run {id} has neither output nor errors");
            self.scores.warn(
                "logs",
                said,
                "callers see states and tasks, but no output of the engine",
            );
        }
    }

    /// Half a submission, without a workflow and of a type that nobody runs.
    async fn submit(&self) {
        let url = join(&self.site.base, &["runs"]);
        let answer = match self.half_submission(&url).await {
            Ok(answer) => match slash_variant(&answer, &url) {
                Some(next) => self.half_submission(&next).await,
                None => Ok(answer),
            },
            refused => refused,
        };
        match answer {
            Ok(answer) => self.score_submission(answer).await,
            Err(error) => {
                let said = format!("half a submission got no answer: {error}");
                self.scores.warn("submit", said, "submissions may stay unconfirmed");
            }
        }
    }

    async fn half_submission(&self, url: &Url) -> Result<Answer, HttpError> {
        let form = Form::new()
            .text("workflow_type", "NONE")
            .text("workflow_type_version", "0")
            .text("workflow_params", "{}");
        let request = Request::builder()
            .method(Method::POST)
            .uri(url.as_str())
            .header(header::CONTENT_TYPE, form.content_type())
            .header(header::ACCEPT, "application/json")
            .body(form.into_body())
            .map_err(|_| HttpError::BadUrl)?;
        let client = &self.backend.client;
        client.send(self.credential, request, client.config().answer_timeout).await
    }

    async fn score_submission(&self, answer: Answer) {
        let (status, is_page) = (answer.status(), answer.is_page());
        let said = format!("a submission without a workflow is answered with {status}");
        if status.is_success() {
            return self.take_back(answer).await;
        }
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                self.scores.fail("submit", said, "this credential may not submit");
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::NOT_FOUND => {
                self.scores.fail("submit", said, "it takes no submissions as WES sends them");
            }
            _ if status.is_client_error() && !is_page => self.scores.pass(
                "submit",
                format!("{said}: the form is understood, and nothing was started"),
            ),
            _ if status.is_redirection() => {
                let meaning = "submissions are not sent on; register the address that it redirects to";
                self.scores.fail("submit", said, meaning);
            }
            _ => self.scores.warn(
                "submit",
                said,
                "a mistake in a request cannot be told from a failure; the gateway looks for the run \
                 before it tells",
            ),
        }
    }

    /// It took what no server should take. What it started is stopped, and its operator told.
    async fn take_back(&self, answer: Answer) {
        let told: wire::Submitted = answer.json().await.unwrap_or_default();
        let Some(id) = told.run_id else {
            let said = "a submission without a workflow is answered with success and no id";
            return self.scores.warn("submit", said, "submissions there cannot be confirmed");
        };
        let stopped =
            self.backend.cancel(self.credential, self.site, &BackendRunId::new(&id)).await;
        let then =
            if stopped.is_ok() { "it was asked to cancel it" } else { "it did not cancel it" };
        let said = format!("it took a submission without a workflow, as run {id}; {then}");
        self.scores.fail("submit", said, "it checks nothing: what is wrong with a run shows late");
    }

    /// Only servers that say what they are get here, and none of those makes runs up.
    async fn cancel(&self) {
        let id = Uuid::new_v4().to_string();
        let url = join(&self.site.base, &["runs", &id, "cancel"]);
        match self.backend.client.call(self.credential, Method::POST, &url, &[]).await {
            Ok(answer) => judge_cancel(self.scores, &answer),
            Err(error) => {
                let said = format!("a cancel got no answer: {error}");
                self.scores.warn("cancel", said, "runs may not be canceled");
            }
        }
    }
}
