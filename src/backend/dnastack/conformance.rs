//! What a Workbench can be relied upon for. Nothing is submitted: its vendor does not tell what becomes
//! of half a submission.

use http::Method;
use serde_json::Value;
use uuid::Uuid;

use super::{DnastackBackend, read::not_about_a_run};
use crate::{
    backend::{
        Error,
        client::{Client, join},
        conformance::{Scores, judge_cancel},
        wes::service_info,
    },
    domain::{Credential, Service},
};

/// Asks everything.
pub(in crate::backend) async fn examine(
    service: &Service,
    client: &Client,
    credential: &Credential,
    scores: &Scores,
) -> Result<(), String> {
    let backend = DnastackBackend::try_new(service, client.clone())?;
    let exam = Exam { backend: &backend, credential, scores };
    if exam.info().await {
        tokio::join!(exam.list(), exam.engines(), exam.cancel());
    }
    Ok(())
}

struct Exam<'a> {
    backend: &'a DnastackBackend,
    credential: &'a Credential,
    scores: &'a Scores,
}

impl Exam<'_> {
    /// Whether it is worth while to ask on.
    async fn info(&self) -> bool {
        let url = self.backend.api(&["service-info"]);
        let info: Value = match self.backend.read(self.credential, &url).await {
            Ok(info) => info,
            Err(Error::Credential { message }) => {
                let meaning =
                    "it gets no runs with this credential; check client, secret and resource";
                self.scores.fail("authenticated", message, meaning);
                return false;
            }
            Err(error) => {
                let said = not_about_a_run(error).to_string();
                self.scores.fail("service_info", said, "it gets no runs; check URL and namespace");
                return false;
            }
        };
        let lacks: Vec<_> =
            ["id", "name", "type"].into_iter().filter(|name| info.get(name).is_none()).collect();
        if !lacks.is_empty() {
            let said = format!("service-info lacks {}", lacks.join(", "));
            self.scores.warn("service_info", said, "the gateway lives with it");
        } else if service_info::read(&info).is_none_or(|told| told.offer.workflow_types.is_empty())
        {
            let said = "service-info tells no workflow types";
            self.scores.warn("service_info", said, "WDL is assumed, which every Workbench runs");
        } else {
            self.scores.pass("service_info", "it tells what it is and what it runs");
        }
        true
    }

    async fn list(&self) {
        let mut url = self.backend.api(&["runs"]);
        url.query_pairs_mut().append_pair("page_size", "1");
        let page: Value = match self.backend.read(self.credential, &url).await {
            Ok(page) => page,
            Err(Error::Credential { message }) => {
                let meaning = "it gets no runs with this credential";
                return self.scores.fail("authenticated", message, meaning);
            }
            Err(error) => {
                let said = format!("the list of runs cannot be read: {}", not_about_a_run(error));
                let meaning = "a run whose submission was not confirmed cannot be looked for";
                return self.scores.fail("list", said, meaning);
            }
        };
        self.access(&url).await;
        let Some(runs) = page.get("runs").and_then(Value::as_array) else {
            let meaning = "a run whose submission was not confirmed cannot be looked for";
            return self.scores.fail("list", "the list has no `runs`", meaning);
        };
        self.scores.pass("list", "runs are listed under `runs`");
        let next = page.pointer("/pagination/next_page_url").and_then(Value::as_str);
        match (runs.len(), next) {
            (2.., _) => self.scores.warn(
                "paging",
                format!("asked for one run, it lists {}", runs.len()),
                "each look for a run reads more than it needs",
            ),
            (_, Some(_)) => self.scores.pass("paging", "one run came, and the next page's address"),
            (_, None) => {
                self.scores.unknown("paging", "the namespace has too few runs to turn a page");
            }
        }
        let first = runs.first().and_then(|run| run.get("run_id")?.as_str());
        match first {
            Some(id) => self.log(id).await,
            None => self.scores.unknown("logs", "the namespace has no run whose log could be read"),
        }
    }

    async fn access(&self, url: &url::Url) {
        let anyone = self.backend.client.get(&Credential::None, url).await;
        let open = anyone.is_ok_and(|answer| answer.status().is_success());
        match (open, self.credential) {
            (true, _) => self.scores.warn(
                "authenticated",
                "nobody needs a credential",
                "whoever reaches it can read, start and cancel runs there",
            ),
            (false, _) => {
                self.scores.pass("authenticated", "the credential was accepted, and one is needed");
            }
        }
    }

    async fn log(&self, id: &str) {
        let url = self.backend.api(&["runs", id, "logs", "stdout"]);
        match self.backend.client.get(self.credential, &url).await {
            Ok(answer) if answer.status().is_success() => {
                self.scores.pass("logs", format!("the log of run {id} can be read"));
            }
            Ok(answer) => self.scores.warn(
                "logs",
                format!("the log of run {id} is answered with {}", answer.status()),
                "callers may see no logs",
            ),
            Err(error) => self.scores.warn(
                "logs",
                format!("the log of run {id} cannot be read: {error}"),
                "callers may see no logs",
            ),
        }
    }

    async fn engines(&self) {
        let engines = match self.backend.engines(self.credential).await {
            Ok(engines) => engines,
            Err(error) => {
                let said = format!("the engines of the namespace cannot be read: {error}");
                return self.scores.warn("submit", said, "runs that name no engine may be refused");
            }
        };
        let set = self.backend.settings.engine_id.is_some();
        if engines.is_empty() {
            self.scores.fail("submit", "the namespace has no engine", "it can run nothing");
        } else if !set && !engines.iter().any(|engine| engine.default) {
            let meaning = "runs that name no engine are refused; set `settings.engine_id`";
            self.scores.warn("submit", "none of the engines is the default one", meaning);
        } else {
            let said = format!(
                "not tried, since nobody tells whether half a submission would start a run; there \
                 are {} engines to run on",
                engines.len()
            );
            self.scores.unknown("submit", said);
        }
    }

    async fn cancel(&self) {
        let id = Uuid::new_v4().to_string();
        let url = join(&self.backend.api(&["runs"]), &[&id, "cancel"]);
        match self.backend.client.call(self.credential, Method::POST, &url, &[]).await {
            Ok(answer) => judge_cancel(self.scores, &answer),
            Err(error) => {
                let said = format!("a cancel got no answer: {error}");
                self.scores.warn("cancel", said, "runs may not be canceled");
            }
        }
    }
}
