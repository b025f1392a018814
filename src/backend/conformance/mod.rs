//! Finds out what a service can be relied upon for, without leaving a run behind.
//!
//! The line to it is looked at here; what its dialect has to say is asked by one function of its adapter.

mod line;

use std::sync::Mutex;

use http::StatusCode;

use super::{
    client::{Answer, Client, Refusal},
    dnastack, michigan, wes,
};
use crate::domain::{Clock, Credential, Service};

/// What is checked, in the order in which it is told.
pub const CHECKS: [&str; 11] = [
    "reachable",
    "tls",
    "latency",
    "clock",
    "authenticated",
    "service_info",
    "list",
    "paging",
    "submit",
    "cancel",
    "logs",
];

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Pass,
    /// Runs are possible, with what the meaning says.
    Warn,
    /// Runs are not possible, or not safe.
    Fail,
    /// It cannot be told, or was not asked.
    Unknown,
}

/// One line of a scorecard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What was checked: one of [`CHECKS`].
    pub check: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found, in plain words.
    pub detail: String,
    /// What that means for runs, unless all is well.
    pub meaning: Option<String>,
}

/// The scorecard while it is filled in, so that what is known is kept when time runs out.
#[derive(Debug, Default)]
pub struct Scores {
    /// Held for one push or the last look.
    items: Mutex<Vec<Item>>,
}

impl Scores {
    /// All went well.
    pub(super) fn pass(&self, check: &'static str, detail: impl Into<String>) {
        self.push(check, Verdict::Pass, detail.into(), None);
    }

    /// Runs are possible, but.
    pub(super) fn warn(&self, check: &'static str, detail: impl Into<String>, meaning: &str) {
        self.push(check, Verdict::Warn, detail.into(), Some(meaning.to_owned()));
    }

    /// Runs are not possible, or not safe.
    pub(super) fn fail(&self, check: &'static str, detail: impl Into<String>, meaning: &str) {
        self.push(check, Verdict::Fail, detail.into(), Some(meaning.to_owned()));
    }

    /// It cannot be told.
    pub(super) fn unknown(&self, check: &'static str, detail: impl Into<String>) {
        self.push(check, Verdict::Unknown, detail.into(), None);
    }

    fn push(&self, check: &'static str, verdict: Verdict, detail: String, meaning: Option<String>) {
        let item = Item { check, verdict, detail, meaning };
        self.items.lock().expect("no holder panics").push(item);
    }

    /// The scorecard: every check once, in order. What nobody answered for is unknown, because of `why`.
    pub fn into_items(self, why: &str) -> Vec<Item> {
        let items = self.items.into_inner().expect("no holder panics");
        let of = |check: &'static str| {
            let found = items.iter().find(|item| item.check == check).cloned();
            let (verdict, detail) = (Verdict::Unknown, why.to_owned());
            found.unwrap_or(Item { check, verdict, detail, meaning: None })
        };
        CHECKS.into_iter().map(of).collect()
    }
}

/// Fills in a scorecard. Every call in it is one that leaves nothing behind at the service.
pub async fn examine(
    service: &Service,
    client: &Client,
    credential: &Credential,
    clock: &dyn Clock,
    scores: &Scores,
) -> Result<(), Unexamined> {
    super::build(service, client).map_err(Unexamined::Settings)?;
    if !line::open(&service.url, client, clock.now(), scores).await? {
        return Ok(());
    }
    let dialect = async {
        match service.kind.as_str() {
            "michigan" => michigan::examine(service, client, credential, scores).await,
            "dnastack" => dnastack::examine(service, client, credential, scores).await,
            "wes" => wes::examine(service, client, credential, scores).await,
            other => Err(format!("kind `{other}` has no checks")),
        }
    };
    let ((), examined) = tokio::join!(line::time(&service.url, client, clock, scores), dialect);
    examined.map_err(Unexamined::Settings)
}

/// Why nothing was examined.
#[derive(Debug)]
pub enum Unexamined {
    /// The adapter cannot be built: which setting is wrong, in words for its operator.
    Settings(String),
    /// The guard does not let the address through.
    Forbidden(Refusal),
}

/// What an answer to the cancel of a run that cannot exist shows.
pub(super) fn judge_cancel(scores: &Scores, answer: &Answer) {
    let said =
        format!("a cancel of a run that does not exist is answered with {}", answer.status());
    match answer.status() {
        StatusCode::NOT_FOUND if answer.is_page() => {
            scores.warn("cancel", said, "it may have no cancel: runs there may go on to their end");
        }
        status if status.is_success() => scores.warn(
            "cancel",
            said,
            "its yes to a cancel proves nothing; the gateway waits for the state of the run",
        ),
        StatusCode::UNAUTHORIZED => {
            scores.fail("cancel", said, "runs cannot be canceled with this credential");
        }
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
            scores.fail("cancel", said, "runs cannot be canceled");
        }
        status if status.is_client_error() => scores.pass("cancel", said),
        _ => scores.warn(
            "cancel",
            said,
            "a cancel may fail; the gateway asks again while the run lives",
        ),
    }
}
