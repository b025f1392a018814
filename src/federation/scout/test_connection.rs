//! Tests the connection to a service, before it takes part or after: a scorecard in plain words.

use serde::Serialize;
use tokio::time::{Instant, timeout};
use utoipa::ToSchema;

use super::{Error, Scout, discover::check};
use crate::{
    backend::{
        client::Client,
        conformance::{self, Scores, Unexamined, Verdict},
    },
    domain::{Credential, Flaw, Service, ServiceId},
    registry::{ServiceDocument, Source},
};

/// What a service can be relied upon for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Scorecard {
    /// Which adapter spoke to it.
    pub kind: String,
    /// The address that was asked.
    pub url: String,
    /// The worst of all checks: `fail` means that it should get no runs as it stands.
    pub verdict: ScoreVerdict,
    /// Every check, in the same order every time.
    pub checks: Vec<Score>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Score {
    /// What was checked: `reachable`, `tls`, `latency`, `clock`, `authenticated`, `service_info`, `list`,
    /// `paging`, `submit`, `cancel` or `logs`.
    pub check: String,
    /// How it ended.
    pub verdict: ScoreVerdict,
    /// What was found, in plain words.
    pub detail: String,
    /// What that means for runs, unless all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScoreVerdict {
    /// As it should be.
    Pass,
    /// Runs are possible, with what the meaning says.
    Warn,
    /// Runs are not possible, or not safe.
    Fail,
    /// It cannot be told without a run, or was not asked.
    Unknown,
}

impl Scout {
    /// Tests a service that does not take part yet.
    pub async fn test_document(
        &self,
        document: &ServiceDocument,
        credential: &Credential,
    ) -> Result<Scorecard, Error> {
        let service = document.to_service()?;
        check(&service.url)?;
        self.test(&self.guarded, &service, credential).await
    }

    /// Tests a service that takes part, with the credential that is kept for it.
    pub async fn test_service(&self, id: &ServiceId) -> Result<Scorecard, Error> {
        let fleet = self.registry.snapshot();
        let listing = fleet.get(id).ok_or_else(|| Error::UnknownService(id.clone()))?;
        let client = match listing.record().source {
            Source::Configuration | Source::Operator => &self.plain,
            Source::Node => &self.guarded,
        };
        let credential = self.vault.service_credential(id);
        self.test(client, listing.service(), &credential).await
    }

    async fn test(
        &self,
        client: &Client,
        service: &Service,
        credential: &Credential,
    ) -> Result<Scorecard, Error> {
        let _place = self.begin()?;
        let began = Instant::now();
        // A token of one trial, or of a service that takes part, is no business of another trial.
        let client = &client.apart();
        let scores = Scores::default();
        let clock = self.clock.as_ref();
        let examined = conformance::examine(service, client, credential, clock, &scores);
        let why = match timeout(self.config.timeout, examined).await {
            Ok(Ok(())) => "not asked, since what comes before it failed",
            Ok(Err(Unexamined::Settings(why))) => return Err(Flaw::new("settings", why).into()),
            Ok(Err(Unexamined::Forbidden(refusal))) => return Err(Error::Forbidden(refusal)),
            Err(_) => "there was no time left to ask",
        };
        let items = scores.into_items(why);
        let worst = items.iter().map(|item| item.verdict).max_by_key(|verdict| weight(*verdict));
        Ok(Scorecard {
            kind: service.kind.clone(),
            url: service.url.to_string(),
            verdict: to_verdict(worst.unwrap_or(Verdict::Unknown)),
            checks: items
                .into_iter()
                .map(|item| Score {
                    check: item.check.to_owned(),
                    verdict: to_verdict(item.verdict),
                    detail: item.detail,
                    meaning: item.meaning,
                })
                .collect(),
            took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }
}

/// What cannot be told is no reason to think the worse of a service.
fn weight(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Unknown => 0,
        Verdict::Pass => 1,
        Verdict::Warn => 2,
        Verdict::Fail => 3,
    }
}

fn to_verdict(verdict: Verdict) -> ScoreVerdict {
    match verdict {
        Verdict::Pass => ScoreVerdict::Pass,
        Verdict::Warn => ScoreVerdict::Warn,
        Verdict::Fail => ScoreVerdict::Fail,
        Verdict::Unknown => ScoreVerdict::Unknown,
    }
}
