//! What is proposed: a record as far as it can be known, and what its service offers.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    backend::discover::Find,
    domain::{Offer, ReferencePanel},
    registry::OrganizationDocument,
};

/// A record that only needs its jurisdiction, and whatever else is listed as undecided. Its members are
/// those of a service's document.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ServiceDraft {
    /// An id that is free.
    pub id: String,
    /// Which adapter speaks to it.
    pub kind: String,
    /// Name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is, in words for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Base URL.
    pub url: String,
    /// Always `null`: a service never says under whose law it stands. Fill it in.
    #[schema(required)]
    pub jurisdiction: Option<String>,
    /// Who runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<OrganizationDocument>,
    /// Whom to ask about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_url: Option<String>,
    /// Settings of its adapter.
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
}

/// What a service offers.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OfferDocument {
    /// Workflow types and the versions of each.
    pub workflow_types: BTreeMap<String, Vec<String>>,
    /// Engines and the versions of each.
    pub engines: BTreeMap<String, Vec<String>>,
    /// Reference panels, where it imputes.
    pub panels: Vec<PanelDocument>,
    /// Builds of the input that it takes for any of its panels.
    pub builds: Vec<String>,
    /// Protocols by which it fetches inputs itself.
    pub protocols: Vec<String>,
    /// It keeps workflows of its own.
    pub catalogue: bool,
    /// Version of its software.
    pub version: Option<String>,
    /// Why it takes no runs at the moment.
    pub closed: Option<String>,
}

/// A reference panel.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PanelDocument {
    /// What a request says.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Build of its positions, where it is known.
    pub build: Option<String>,
    /// Builds of the input that it takes.
    pub input_builds: Vec<String>,
    /// Populations that a request may name.
    pub populations: Vec<PopulationDocument>,
}

/// A population of a panel.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PopulationDocument {
    /// What a request says.
    pub id: String,
    /// Name for people.
    pub name: String,
}

impl ServiceDraft {
    /// The draft of what was found. Text of strangers is cut to what a record holds.
    pub(super) fn of(find: &Find, id: String) -> Self {
        let about = &find.about;
        let cut = |text: &String| text.chars().take(300).collect::<String>();
        let organization = about.organization.as_ref();
        Self {
            id,
            kind: find.kind.to_owned(),
            name: about.name.as_ref().map(cut),
            description: about.description.as_ref().map(cut),
            url: find.url.to_string(),
            jurisdiction: None,
            organization: organization
                .map(|(name, url)| OrganizationDocument { name: cut(name), url: cut(url) }),
            contact_url: about.contact_url.as_ref().map(cut),
            settings: find.settings.clone(),
        }
    }
}

impl OfferDocument {
    pub(super) fn of(offer: &Offer) -> Self {
        let panels = offer.panels.iter();
        let mut builds: Vec<_> = panels.flat_map(|panel| panel.input_builds.iter()).collect();
        builds.sort();
        builds.dedup();
        Self {
            workflow_types: offer.workflow_types.clone(),
            engines: offer.engines.clone(),
            panels: offer.panels.iter().map(PanelDocument::of).collect(),
            builds: builds.into_iter().map(ToString::to_string).collect(),
            protocols: offer.protocols.clone(),
            catalogue: offer.catalogue,
            version: offer.version.clone(),
            closed: offer.closed.clone(),
        }
    }
}

impl PanelDocument {
    fn of(panel: &ReferencePanel) -> Self {
        let populations = panel.populations.iter();
        Self {
            id: panel.id.clone(),
            name: panel.name.clone(),
            build: panel.build.map(|build| build.to_string()),
            input_builds: panel.input_builds.iter().map(ToString::to_string).collect(),
            populations: populations
                .map(|one| PopulationDocument { id: one.id.clone(), name: one.name.clone() })
                .collect(),
        }
    }
}
