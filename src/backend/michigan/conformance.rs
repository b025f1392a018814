//! What a Cloudgene server can be relied upon for. Nothing is submitted: these servers make a job of
//! whatever they are sent, and find out later what is wrong with it.

use super::{MichiganBackend, app, app::KnownApp, submit, wire};
use crate::{
    backend::{
        Error, Result,
        client::Client,
        conformance::{Scores, judge_cancel},
    },
    domain::{BackendRunId, Credential, Service},
};

/// An id that no job can have: jobs are named for the moment of their submission.
const NO_JOB: &str = "job-19700101-000000-000";

/// Asks everything.
pub(in crate::backend) async fn examine(
    service: &Service,
    client: &Client,
    credential: &Credential,
    scores: &Scores,
) -> Result<(), String> {
    let backend = MichiganBackend::try_new(service, client.clone())?;
    let (server, badge) = tokio::join!(backend.api.server(credential), backend.api.badge());
    let server = match server {
        Ok(server) => server,
        Err(error) => {
            scores.fail(
                "service_info",
                error.to_string(),
                "it is not taken for a Cloudgene server",
            );
            return Ok(());
        }
    };
    match badge.ok().and_then(|svg| app::badge_version(&svg)) {
        Some(version) => scores.pass("service_info", format!("Cloudgene {version}")),
        None => scores.warn(
            "service_info",
            "its badge does not tell the version of its software",
            "what changes with an update of the server goes unnoticed",
        ),
    }
    if server.logged_in == Some(false) {
        let said =
            "the server does not know the token: missing, expired or replaced by a newer one";
        scores.fail("authenticated", said, "it gets no runs; make a new API token in its web page");
        return Ok(());
    }
    scores.pass("authenticated", "the server knows the account");
    let exam = Exam { backend: &backend, credential, scores };
    tokio::join!(exam.list(), exam.form(&server), exam.cancel());
    Ok(())
}

struct Exam<'a> {
    backend: &'a MichiganBackend,
    credential: &'a Credential,
    scores: &'a Scores,
}

impl Exam<'_> {
    async fn list(&self) {
        let page = match self.backend.api.jobs_page(self.credential, 1).await {
            Ok(page) => page,
            Err(error) => {
                let said = format!("the list of jobs cannot be read: {error}");
                let meaning = "a run whose submission was not confirmed cannot be looked for";
                return self.scores.fail("list", said, meaning);
            }
        };
        self.scores.pass("list", "jobs are listed under `data`");
        self.turn(&page).await;
        match page.data.first() {
            Some(job) => self.log(&BackendRunId::new(&job.id)).await,
            None => self.scores.unknown("logs", "the account has no job whose log could be read"),
        }
    }

    async fn turn(&self, first: &wire::JobPage) {
        if first.next.is_none() {
            return self.scores.unknown("paging", "the account has too few jobs to turn a page");
        }
        let second = self.backend.api.jobs_page(self.credential, 2).await;
        let ids =
            |page: &wire::JobPage| page.data.iter().map(|job| job.id.clone()).collect::<Vec<_>>();
        match second {
            Ok(second) if ids(&second) != ids(first) => {
                self.scores.pass("paging", "the second page has other jobs than the first");
            }
            Ok(_) => self.scores.warn(
                "paging",
                "the second page is the first one again",
                "jobs that are not among the newest cannot be looked for",
            ),
            Err(error) => self.scores.warn(
                "paging",
                format!("the second page cannot be read: {error}"),
                "jobs that are not among the newest cannot be looked for",
            ),
        }
    }

    async fn log(&self, id: &BackendRunId) {
        match self.backend.api.job(self.credential, id).await {
            Ok(job) if job.steps().iter().any(|step| !step.messages().is_empty()) => {
                self.scores.pass("logs", format!("the steps of job {id} tell what happened"));
            }
            Ok(_) => {
                self.scores.unknown("logs", format!("job {id} has no messages yet, or none left"))
            }
            Err(error) => self.scores.warn(
                "logs",
                format!("job {id} cannot be read: {error}"),
                "callers may see no logs and no outputs",
            ),
        }
    }

    /// The form as the app declares it.
    async fn form(&self, server: &wire::Server) {
        let wanted = &self.backend.settings.app;
        if let Some(why) = super::closed(server) {
            return self.scores.warn("submit", why, "it takes no runs at the moment");
        }
        let known = match self.backend.app(self.credential, server).await {
            Ok(known) => known,
            Err(Error::Refused { message, .. }) => {
                let meaning = "it gets no runs; set `settings.app` to an app that imputes";
                return self.scores.fail("submit", message, meaning);
            }
            Err(error) => {
                let said = format!("the app `{wanted}` cannot be read: {error}");
                return self.scores.fail("submit", said, "it gets no runs");
            }
        };
        self.score_form(&known);
    }

    fn score_form(&self, known: &KnownApp) {
        let missing: Vec<_> = ["refpanel", submit::FILES]
            .into_iter()
            .filter(|field| known.app.param(field).is_none())
            .collect();
        let panels = app::panels(&known.app);
        if !missing.is_empty() {
            let said = format!("the form of `{}` has no {}", known.id, missing.join(" and no "));
            let meaning = "it does not impute; set `settings.app` to an app that does";
            self.scores.fail("submit", said, meaning);
        } else if panels.is_empty() {
            let said = format!("`{}` shows no reference panel to this account", known.id);
            self.scores.fail("submit", said, "no run can be routed to it");
        } else {
            self.scores.pass(
                "submit",
                format!(
                    "the form of `{}` is understood, with {} panels; read from the server, nothing \
                     was submitted",
                    known.id,
                    panels.len()
                ),
            );
        }
    }

    async fn cancel(&self) {
        let url = self.backend.api.url(&["api", "v2", "jobs", NO_JOB, "cancel"]);
        match self.backend.api.fetch(self.credential, &url, None).await {
            Ok(answer) => judge_cancel(self.scores, &answer),
            Err(error) => {
                let said = format!("a cancel got no answer: {error}");
                self.scores.warn("cancel", said, "jobs may not be canceled");
            }
        }
    }
}
