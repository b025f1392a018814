//! A service as it is written down by people: in a request, in a file, in a proposal.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;
use utoipa::ToSchema;

use crate::domain::{CallerCredential, Flaw, Service, ServiceId, StandIn};

/// A service as it is written down by people. Credentials are no part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceDocument {
    /// Id in the federation: lower-case letters, digits and `-`. Runs are tied to it: never reuse one.
    pub id: String,
    /// Which adapter speaks to it: `michigan`, `dnastack` or `wes`.
    pub kind: String,
    /// Name for people; the id, unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is, in words for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Base URL.
    #[schema(value_type = String)]
    pub url: Url,
    /// Country under whose law it stands, as two upper-case letters. Services never say so themselves.
    pub jurisdiction: String,
    /// Country under whose law its legal controller stands; the same one, unless set. Data go there only
    /// if they may go to both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller_jurisdiction: Option<String>,
    /// What it is certified for, such as `ISO 27001`; policies may ask for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certifications: Vec<String>,
    /// Who runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationDocument>,
    /// Whom to ask about it: a URL or `mailto:`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_url: Option<String>,
    /// How much of the work it gets beside services that could do the same; 100, unless set. 0 means
    /// only if nobody else can.
    #[serde(default = "default_weight")]
    pub weight: u32,
    /// Calls that it gets at a time; the gateway's own bound, unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_in_flight: Option<usize>,
    /// Services without which it cannot work: while one of them is down, it gets no runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// Services for which it stands in while they cannot take a run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stands_in_for: Vec<StandInDocument>,
    /// Whether runs there are made with the credential that their caller has entered: `none` (unless set)
    /// means with the gateway's, `optional` with the caller's if there is one, `required` with nothing else.
    #[serde(default = "no_caller_credential", skip_serializing_if = "is_none")]
    pub caller_credential: String,
    /// Settings of its adapter.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
}

/// Who runs a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationDocument {
    /// Name for people.
    pub name: String,
    /// Home page.
    pub url: String,
}

/// A promise to stand in for another service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StandInDocument {
    /// For which service.
    pub service: String,
    /// For runs against these reference panels only; for every run, unless set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub panels: Vec<String>,
}

/// The largest weight, so that shares can be summed up.
const MAX_WEIGHT: u32 = 10_000;

fn no_caller_credential() -> String {
    CallerCredential::None.as_str().to_owned()
}

fn is_none(caller_credential: &str) -> bool {
    caller_credential == CallerCredential::None.as_str()
}

fn default_weight() -> u32 {
    Service::DEFAULT_WEIGHT
}

impl ServiceDocument {
    /// The record. The error names the member and what is wrong with it; what only its adapter can tell
    /// is not checked here.
    pub fn to_service(&self) -> Result<Service, Flaw> {
        let jurisdiction =
            self.jurisdiction.parse().map_err(|error| Flaw::new("jurisdiction", error))?;
        let controller_jurisdiction = self.controller_jurisdiction.as_ref().map(|law| law.parse());
        let controller_jurisdiction = controller_jurisdiction
            .transpose()
            .map_err(|error| Flaw::new("controller_jurisdiction", error))?;
        let plain = |word: &String| (1..=100).contains(&word.len()) && word.trim() == word;
        if self.certifications.len() > 50 || !self.certifications.iter().all(plain) {
            let why = "at most 50 certifications, of 1 to 100 bytes without spaces around them";
            return Err(Flaw::new("certifications", why));
        }
        if !matches!(self.url.scheme(), "http" | "https") {
            return Err(Flaw::new("url", "a service is reached by http or https"));
        }
        if !self.url.username().is_empty() || self.url.password().is_some() {
            return Err(Flaw::new("url", "a credential does not belong in a URL"));
        }
        if self.weight > MAX_WEIGHT {
            return Err(Flaw::new("weight", format!("a weight is at most {MAX_WEIGHT}")));
        }
        if self.max_in_flight == Some(0) {
            return Err(Flaw::new("max_in_flight", "a service gets at least one call at a time"));
        }
        let caller_credential =
            CallerCredential::parse(&self.caller_credential).ok_or_else(|| {
                let words = CallerCredential::ALL.map(CallerCredential::as_str).join("`, `");
                Flaw::new("caller_credential", format!("it is one of `{words}`"))
            })?;
        let id = service_id("id", &self.id)?;
        let depends_on = self.depends_on.iter().map(|id| service_id("depends_on", id));
        let stands_in_for = self.stands_in_for.iter().map(|stand_in| {
            let service = service_id("stands_in_for", &stand_in.service)?;
            Ok(StandIn { service, panels: stand_in.panels.clone() })
        });
        let service = Service {
            name: self.name.clone().unwrap_or_else(|| self.id.clone()),
            description: self.description.clone(),
            controller_jurisdiction,
            certifications: self.certifications.iter().cloned().collect(),
            organization: self.organization.clone().map(|o| (o.name, o.url)),
            contact_url: self.contact_url.clone(),
            weight: self.weight,
            max_in_flight: self.max_in_flight,
            depends_on: depends_on.collect::<Result<_, _>>()?,
            stands_in_for: stands_in_for.collect::<Result<_, _>>()?,
            caller_credential,
            settings: self.settings.clone(),
            ..Service::new(id, &self.kind, self.url.clone(), jurisdiction)
        };
        if service.depends_on.contains(&service.id) {
            return Err(Flaw::new("depends_on", "a service does not depend on itself"));
        }
        if service.stands_in_for.iter().any(|stand_in| stand_in.service == service.id) {
            return Err(Flaw::new("stands_in_for", "a service does not stand in for itself"));
        }
        Ok(service)
    }

    /// The document of a record.
    pub fn of(service: &Service) -> Self {
        Self {
            id: service.id.to_string(),
            kind: service.kind.clone(),
            name: Some(service.name.clone()),
            description: service.description.clone(),
            url: service.url.clone(),
            jurisdiction: service.jurisdiction.to_string(),
            controller_jurisdiction: service.controller_jurisdiction.map(|law| law.to_string()),
            certifications: service.certifications.iter().cloned().collect(),
            organization: service
                .organization
                .clone()
                .map(|(name, url)| OrganizationDocument { name, url }),
            contact_url: service.contact_url.clone(),
            weight: service.weight,
            max_in_flight: service.max_in_flight,
            depends_on: service.depends_on.iter().map(ToString::to_string).collect(),
            stands_in_for: service
                .stands_in_for
                .iter()
                .map(|stand_in| StandInDocument {
                    service: stand_in.service.to_string(),
                    panels: stand_in.panels.clone(),
                })
                .collect(),
            caller_credential: service.caller_credential.as_str().to_owned(),
            settings: service.settings.clone(),
        }
    }
}

fn service_id(member: &'static str, text: &str) -> Result<ServiceId, Flaw> {
    let id = text.parse().ok().filter(|id: &ServiceId| !id.is_reserved());
    id.ok_or_else(|| {
        let reserved = ServiceId::RESERVED.join("`, `");
        let rule = "an id is lower-case letters, digits and `-`, at most 64, and none of";
        Flaw::new(member, format!("`{text}`: {rule} `{reserved}`"))
    })
}
