//! `GET /runs`: the key, the paging and the items differ from server to server.

use axum::{
    Json,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{Dialect, Look, Server, error::Problem, run::Run};

/// Lists the runs.
pub(super) async fn list_runs(
    State(server): State<Server>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let look = server.look(&headers);
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let runs = server.runs();
    match look.list(&runs, &query) {
        Ok(body) => Json(body).into_response(),
        Err(problem) => look.dialect.error(&problem),
    }
}

/// Which runs a page holds: at most so many, older than the run of this number.
pub(super) struct Page {
    pub(super) size: usize,
    pub(super) before: Option<usize>,
}

impl Look {
    fn list(&self, runs: &[Run], query: &[(String, String)]) -> Result<Value, Problem> {
        match self.dialect {
            Dialect::WesService | Dialect::Toil => {
                let items: Vec<_> = runs.iter().map(|run| self.summary(run)).collect();
                Ok(json!({ "workflows": items, "next_page_token": "" }))
            }
            Dialect::StarterKit => {
                let ended = runs.iter().filter(|run| run.course.phase(self.now).is_over());
                let items: Vec<_> = ended.map(|run| self.summary(run)).collect();
                Ok(json!({ "runs": items }))
            }
            Dialect::Spec | Dialect::Sapporo | Dialect::Galaxy => self.page(runs, query),
        }
    }

    /// A page of runs, newest first. New runs do not shift the pages that follow.
    fn page(&self, runs: &[Run], query: &[(String, String)]) -> Result<Value, Problem> {
        let Page { size, before } = self.dialect.page(query)?;
        let mut older = runs
            .iter()
            .enumerate()
            .take(before.unwrap_or(runs.len()))
            .rev()
            .filter(|(_, run)| self.matches(run, query))
            .peekable();
        let mut items = Vec::new();
        let mut last = 0;
        while items.len() < size
            && let Some((number, run)) = older.next()
        {
            items.push(self.summary(run));
            last = number;
        }
        let token = older.peek().map(|_| self.dialect.page_token(last));
        let mut body = Map::from_iter([("runs".to_owned(), Value::from(items))]);
        let token = match (token, self.dialect) {
            (Some(token), _) => Value::from(token),
            (None, Dialect::Spec) => Value::from(""),
            (None, _) => Value::Null,
        };
        body.insert("next_page_token".to_owned(), token);
        if self.dialect == Dialect::Sapporo {
            body.insert("total_runs".to_owned(), Value::from(runs.len()));
        }
        Ok(Value::from(body))
    }

    /// Sapporo filters by `state` and by `tags=key:value`; the specification knows no filters.
    fn matches(&self, run: &Run, query: &[(String, String)]) -> bool {
        self.dialect != Dialect::Sapporo
            || query.iter().all(|(name, value)| match name.as_str() {
                "state" => self.state(run) == *value,
                "tags" => value
                    .split_once(':')
                    .is_some_and(|(key, value)| run.tags.get(key).is_some_and(|tag| tag == value)),
                _ => true,
            })
    }

    fn summary(&self, run: &Run) -> Value {
        let mut item = Map::new();
        item.insert("run_id".to_owned(), Value::from(run.id.as_str()));
        item.insert("state".to_owned(), Value::from(self.state(run)));
        if matches!(self.dialect, Dialect::Spec | Dialect::Sapporo) {
            let start = run.course.started_at(self.now).map(|time| self.dialect.start_time(time));
            let end = run.course.ended_at(self.now).map(|time| self.dialect.end_time(time));
            for (name, time) in [("start_time", start), ("end_time", end)] {
                if time.is_some() || self.dialect == Dialect::Sapporo {
                    item.insert(name.to_owned(), Value::from(time));
                }
            }
            item.insert("tags".to_owned(), json!(run.tags));
        }
        Value::from(item)
    }
}

impl Dialect {
    /// Reads the paging parameters.
    pub(super) fn page(self, query: &[(String, String)]) -> Result<Page, Problem> {
        let value =
            |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let (default, largest) = match self {
            Self::Sapporo => (10, 1000),
            Self::Galaxy => (10, 100),
            Self::Spec | Self::WesService | Self::Toil | Self::StarterKit => (20, 256),
        };
        let bad =
            |name: &str| Problem::new(StatusCode::BAD_REQUEST, format!("`{name}` is out of range"));
        let size = match value("page_size") {
            None => default,
            Some(size) => size.parse().ok().filter(|size| *size >= 1).ok_or(bad("page_size"))?,
        };
        let size = match self {
            Self::Sapporo | Self::Galaxy if size > largest => return Err(bad("page_size")),
            Self::Sapporo | Self::Galaxy => size,
            Self::Spec | Self::WesService | Self::Toil | Self::StarterKit => size.min(largest),
        };
        let before = match value("page_token").filter(|token| !token.is_empty()) {
            None => None,
            Some(token) => Some(number(token).ok_or(bad("page_token"))?),
        };
        Ok(Page { size, before })
    }

    /// The token of the page after the item of this number. Sapporo's is signed, and its characters
    /// must be encoded when it goes into a URL.
    pub(super) fn page_token(self, last: usize) -> String {
        let token = STANDARD.encode(format!("run {last}"));
        match self {
            Self::Sapporo => format!("{token}.{}", STANDARD.encode("signature?>")),
            Self::Spec | Self::WesService | Self::Toil | Self::StarterKit | Self::Galaxy => token,
        }
    }
}

fn number(token: &str) -> Option<usize> {
    let encoded = token.split('.').next()?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    decoded.strip_prefix("run ")?.parse().ok()
}
