//! Reads from a WES server: its answers, its runs with their tasks, its files.

use http::{HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::{Site, WesBackend, translate, wire};
use crate::{
    backend::{
        ByteRange, Download, Error, LogSource, Observed, Result, RunDetails,
        client::{Answer, HttpError, Problem, join, plain_text, slash_variant},
    },
    domain::{BackendRunId, Credential},
};

/// Pages of tasks that are read.
const MAX_TASK_PAGES: usize = 20;

impl WesBackend {
    /// Reads a JSON answer. An error comes with the meaning that it has for a run.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        credential: &Credential,
        site: &Site,
        url: &Url,
    ) -> Result<T> {
        let accept = [(header::ACCEPT, HeaderValue::from_static("application/json"))];
        let answer = self.client.get_following(credential, &site.base, url, &accept).await?;
        if !answer.status().is_success() {
            return Err(failure(answer).await);
        }
        let body: Value = answer.json().await?;
        if let Some(problem) = hidden_problem(&body) {
            return Err(problem.into_read_error());
        }
        serde_json::from_value(body).map_err(|error| Error::Malformed(error.to_string()))
    }

    /// The condition of a run. wes-service answers 200 and `RUNNING` for ids that it never gave out,
    /// which cannot be told apart.
    pub(super) async fn state(
        &self,
        credential: &Credential,
        site: &Site,
        id: &BackendRunId,
    ) -> Result<Observed> {
        let url = join(&site.base, &["runs", id.as_str(), "status"]);
        let status: wire::RunStatus = self.read(credential, site, &url).await?;
        Ok(translate::observed(status.state.as_deref()))
    }

    /// Everything about a run, its logs and files under the addresses that the server gave.
    pub(super) async fn details(
        &self,
        credential: &Credential,
        site: &Site,
        id: &BackendRunId,
    ) -> Result<RunDetails> {
        let url = join(&site.base, &["runs", id.as_str()]);
        let mut log: wire::RunLog = self.read(credential, site, &url).await?;
        let ended = translate::observed(log.state.as_deref()).state.is_terminal();
        let mut details = translate::details(&log, &site.base, &url);
        if log.task_logs.is_empty() {
            match self.tasks(credential, site, &url, log.task_logs_url.as_deref()).await {
                Ok(tasks) => log.task_logs = tasks,
                // No such path (wes-service, Toil, genpei), or 400 "not implemented" (sapporo).
                Err(Error::UnknownRun | Error::Malformed(_) | Error::Refused { .. }) => {}
                Err(Error::Unavailable {
                    why, source: None | Some(HttpError::Status(_)), ..
                }) => {
                    details.system_logs.push(format!("the tasks could not be read: {why}"));
                }
                Err(error) => return Err(error),
            }
        }
        details.tasks = translate::tasks(&log.task_logs, &url, ended);
        Ok(details)
    }

    async fn tasks(
        &self,
        credential: &Credential,
        site: &Site,
        run_url: &Url,
        told: Option<&str>,
    ) -> Result<Vec<wire::Log>> {
        let told = told.and_then(|reference| run_url.join(reference).ok());
        let first = told.unwrap_or_else(|| join(run_url, &["tasks"]));
        let mut tasks = Vec::new();
        let mut url = first.clone();
        for _ in 0..MAX_TASK_PAGES {
            let page: wire::TaskList = self.read(credential, site, &url).await?;
            tasks.extend(page.task_logs);
            let Some(token) = page.next_page_token else { break };
            url = first.clone();
            url.query_pairs_mut().append_pair("page_token", &token);
        }
        Ok(tasks)
    }

    /// Opens a log or an output. A symbolic locator made by [`seal`] is looked up first.
    pub(super) async fn open(
        &self,
        credential: &Credential,
        site: &Site,
        id: &BackendRunId,
        locator: &str,
        range: Option<ByteRange>,
    ) -> Result<Download> {
        let gone = || Error::Gone("the service no longer offers it".to_owned());
        let url = if locator.starts_with(SYMBOL) {
            let details = self.details(credential, site, id).await?;
            unseal(&details, locator).ok_or_else(gone)?
        } else {
            locator.parse().map_err(|_| gone())?
        };
        let range = range.map(ByteRange::to_header);
        let headers = range.as_slice();
        let answer = self.client.get_following(credential, &site.base, &url, headers).await?;
        match answer.status() {
            status if status.is_success() => Ok(answer.into_download()),
            StatusCode::NOT_FOUND => Err(gone()),
            _ => Err(answer.problem().await.into_read_error()),
        }
    }

    /// Asks to cancel. Servers refuse to cancel an ended run in their own ways; that is no failure.
    pub(super) async fn cancel(
        &self,
        credential: &Credential,
        site: &Site,
        id: &BackendRunId,
    ) -> Result<()> {
        let url = join(&site.base, &["runs", id.as_str(), "cancel"]);
        let ask = async |url: &Url| {
            let answer = self.client.call(credential, Method::POST, url, &[]).await;
            answer.map_err(HttpError::into_read_error)
        };
        let mut answer = ask(&url).await?;
        if let Some(next) = slash_variant(&answer, &url) {
            answer = ask(&next).await?;
        }
        if answer.status().is_success() {
            return Ok(());
        }
        let refused = matches!(answer.status().as_u16(), 400 | 403 | 409);
        let error = failure(answer).await;
        if refused
            && self.state(credential, site, id).await.is_ok_and(|seen| seen.state.is_terminal())
        {
            return Ok(());
        }
        Err(error)
    }
}

/// What an error answer means. A web server's own 404 page says nothing about a run.
async fn failure(answer: Answer) -> Error {
    let page_not_found = answer.is_page() && answer.status() == StatusCode::NOT_FOUND;
    let problem = answer.problem().await;
    match page_not_found {
        true => Error::Malformed(format!("a page instead of an answer: {}", problem.message)),
        false => problem.into_read_error(),
    }
}

/// The error in an answer with status 200, as Cromwell sends it.
pub(super) fn hidden_problem(body: &Value) -> Option<Problem> {
    // Lists and logs have no such members, so only small objects are read twice.
    body.get("status_code").or_else(|| body.get("error_code"))?;
    let told: wire::HiddenProblem = serde_json::from_value(body.clone()).ok()?;
    let status = u16::try_from(told.status_code?).ok().filter(|status| *status >= 400)?;
    told.run_id.is_none().then(|| Problem {
        status,
        message: plain_text(&told.msg.unwrap_or_default()),
        retry_after: None,
    })
}

/// Starts a locator that stands for an address.
const SYMBOL: &str = "log:";

/// Replaces addresses that may carry a secret (a signed query, a password) by symbols, since the
/// ledger keeps the locators of logs.
pub(super) fn seal(details: &mut RunDetails) {
    each_log(details, |source, symbol| {
        if let LogSource::Remote(locator) = source
            && locator.parse::<Url>().is_ok_and(|url| {
                url.query().is_some() || url.password().is_some() || !url.username().is_empty()
            })
        {
            *locator = symbol;
        }
    });
}

fn unseal(details: &RunDetails, locator: &str) -> Option<Url> {
    let mut found = None;
    each_log(&mut details.clone(), |source, symbol| {
        if let LogSource::Remote(address) = source
            && symbol == locator
        {
            found = address.parse().ok();
        }
    });
    found
}

fn each_log(details: &mut RunDetails, mut visit: impl FnMut(&mut LogSource, String)) {
    visit(&mut details.stdout, format!("{SYMBOL}stdout"));
    visit(&mut details.stderr, format!("{SYMBOL}stderr"));
    for task in &mut details.tasks {
        visit(&mut task.stdout, format!("{SYMBOL}{}/stdout", task.id));
        visit(&mut task.stderr, format!("{SYMBOL}{}/stderr", task.id));
    }
}
