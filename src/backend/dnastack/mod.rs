//! Speaks to DNAstack Workbench: EWES, an extended WES within a namespace.

mod conformance;
mod read;
mod recognize;
mod submit;
mod translate;
mod wire;

use std::fmt;

use async_trait::async_trait;
use http::Method;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use self::read::not_about_a_run;
pub(super) use self::{
    conformance::examine,
    recognize::{is_listed_as, recognize},
};
use super::{
    Backend, ByteRange, Download, Error, Result, RunDetails, Search, Sighting, Submission,
    client::{Client, HttpError, join},
    imputation_template::ImputationTemplate,
    wes::service_info,
};
use crate::domain::{BackendRunId, Credential, Offer, ReferencePanel, Service};

/// What DNAstack's own registry calls such a service.
pub(super) const SERVICE_TYPE: [&str; 3] = ["com.dnastack.workbench", "ewes-service", "1.0.0"];

/// One namespace of one Workbench.
#[derive(Debug)]
pub(super) struct DnastackBackend {
    service: Service,
    client: Client,
    settings: Settings,
    panels: Vec<ReferencePanel>,
    /// EWES, as its operator gives it.
    base: Url,
    /// The namespace at the workflow-service, which stands beside EWES.
    catalog: Url,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Whose runs these are; a UUID at DNAstack.
    namespace: String,
    /// Engine for runs that ask for none; Workbench's default one unless set.
    #[serde(default)]
    engine_id: Option<String>,
    #[serde(default)]
    imputation: Option<ImputationTemplate>,
}

impl DnastackBackend {
    /// Reads the adapter's settings from the service's record.
    pub(super) fn try_new(service: &Service, client: Client) -> Result<Self, String> {
        let settings: Settings = serde_json::from_value(Value::Object(service.settings.clone()))
            .map_err(|error| format!("settings of {}: {error}", service.id))?;
        if settings.namespace.is_empty() {
            return Err(format!("settings of {}: the namespace is empty", service.id));
        }
        let panels = match &settings.imputation {
            Some(template) => template.offered_panels()?,
            None => Vec::new(),
        };
        let base = service.url.clone();
        let catalog = join(&beside(&base), &[&settings.namespace]);
        Ok(Self { service: service.clone(), client, settings, panels, base, catalog })
    }

    /// A URL of the run API.
    fn api(&self, segments: &[&str]) -> Url {
        self.in_namespace(&[&["ga4gh", "wes", "v1"], segments].concat())
    }

    fn in_namespace(&self, segments: &[&str]) -> Url {
        join(&self.base, &[&[self.settings.namespace.as_str()], segments].concat())
    }
}

/// The base of the workflow-service. DNAstack's front door has one path per service, such as
/// `/services/ewes-service/`; elsewhere all of them share one base.
fn beside(ewes: &Url) -> Url {
    let mut url = ewes.clone();
    let path = ewes.path().trim_end_matches('/');
    if let Some(front_door) = path.strip_suffix("/ewes-service") {
        url.set_path(&format!("{front_door}/workflow-service"));
    }
    url
}

impl fmt::Display for DnastackBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (dnastack)", self.service.id)
    }
}

#[async_trait]
impl Backend for DnastackBackend {
    async fn describe(&self, credential: &Credential) -> Result<Offer> {
        let info: Value =
            self.read(credential, &self.api(&["service-info"])).await.map_err(not_about_a_run)?;
        let engines = match self.engines(credential).await {
            Err(Error::Malformed(_)) => None,
            answer => Some(answer?),
        };
        let mut offer = service_info::read(&info).unwrap_or_default().offer;
        offer.catalogue = true;
        if offer.workflow_types.is_empty() {
            // All WES members are optional in EWES. WDL is what every Workbench runs.
            let versions = ["draft-2", "1.0"].map(str::to_owned).to_vec();
            offer.workflow_types.insert("WDL".to_owned(), versions);
        }
        if offer.protocols.is_empty() {
            offer.protocols.push("https".to_owned());
        }
        if engines.as_ref().is_some_and(Vec::is_empty) {
            offer.closed = Some("the namespace has no engine".to_owned());
        }
        for id in engines.into_iter().flatten().filter_map(|engine| engine.id) {
            offer.engines.entry(id).or_default();
        }
        offer.version = offer.version.or_else(|| Some(info.get("version")?.as_str()?.to_owned()));
        if self.settings.imputation.is_some() {
            offer.workflow_types.insert("IMPUTATION".to_owned(), vec!["1".to_owned()]);
            offer.panels.clone_from(&self.panels);
        }
        Ok(offer)
    }

    async fn check_credential(&self, credential: &Credential) -> Result<()> {
        let mut url = self.api(&["runs"]);
        url.query_pairs_mut().append_pair("page_size", "1");
        self.read::<Value>(credential, &url).await.map(drop).map_err(not_about_a_run)
    }

    async fn run_workflow(
        &self,
        credential: &Credential,
        submission: Submission,
    ) -> Result<BackendRunId> {
        self.submit(credential, submission).await
    }

    async fn find_run(
        &self,
        credential: &Credential,
        search: &Search,
    ) -> Result<Option<BackendRunId>> {
        self.look_for(credential, search).await
    }

    async fn run_states(
        &self,
        credential: &Credential,
        ids: &[BackendRunId],
    ) -> Result<Vec<Sighting>> {
        self.states(credential, ids).await
    }

    async fn run_details(&self, credential: &Credential, id: &BackendRunId) -> Result<RunDetails> {
        self.details(credential, id).await
    }

    async fn cancel_run(&self, credential: &Credential, id: &BackendRunId) -> Result<()> {
        let url = self.api(&["runs", id.as_str(), "cancel"]);
        let answer = self
            .client
            .call(credential, Method::POST, &url, &[])
            .await
            .map_err(HttpError::into_read_error)?;
        // 409: it has ended.
        if answer.status().is_success() || answer.status() == http::StatusCode::CONFLICT {
            return Ok(());
        }
        Err(translate::problem(answer).await.into_read_error())
    }

    async fn download(
        &self,
        credential: &Credential,
        id: &BackendRunId,
        locator: &str,
        range: Option<ByteRange>,
    ) -> Result<Download> {
        self.open(credential, id, locator, range).await
    }
}

#[cfg(test)]
mod tests;
