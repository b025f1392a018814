//! Panels as the API tells them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{self, Build, ReferencePanel},
    federation::{Facts, Holder, PanelEntry, PanelView, TermsDocument},
    ga4gh::time,
    panels::TermsRecord,
};

/// A reference panel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Panel {
    /// Its id, in lower case; requests may write it in any case.
    id: String,
    /// Name for people.
    name: String,
    /// Other names that services give it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_names: Vec<String>,
    /// Other ids under which services offer it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    /// Builds of the panel's own positions, where told: `hg19`, `hg38`.
    builds: Vec<String>,
    /// Builds of input that some service takes for it.
    input_builds: Vec<String>,
    /// Populations that may be named at some service.
    populations: Vec<Population>,
    /// Samples, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    samples: Option<u64>,
    /// Sites, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    sites: Option<u64>,
    /// Services that hold it.
    holder_count: usize,
    /// Those of them that can be used now.
    available_count: usize,
    /// Services that once held it.
    gone_count: usize,
    /// Countries in which services hold it.
    held_in: Vec<String>,
    /// When it was first seen at any service.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen: Option<String>,
    /// What operators and data stewards say of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    terms: Option<Terms>,
}

/// A reference panel with its holders.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PanelDetails {
    #[serde(flatten)]
    panel: Panel,
    /// The services that hold it, and after them those that once did.
    holders: Vec<Holding>,
}

/// A population that a run may name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Population {
    /// What a request says.
    id: String,
    /// Name for people.
    name: String,
}

/// A panel at a service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Holding {
    /// Which service.
    service: String,
    /// Its name, unless it has left the federation.
    #[serde(skip_serializing_if = "Option::is_none")]
    service_name: Option<String>,
    /// Country under whose law it stands, unless it has left the federation.
    #[serde(skip_serializing_if = "Option::is_none")]
    jurisdiction: Option<String>,
    /// `up`, `degraded`, `down`, `maintenance`, `draining`, `unknown`, or `left`: it has left the
    /// federation.
    service_state: String,
    /// It offers the panel, and gets runs now.
    available: bool,
    /// Why it cannot be used now.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// The id under which this service offers it.
    called: String,
    /// The name that this service gives it.
    name: String,
    /// Build of the panel's own positions, where told.
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<String>,
    /// Builds of input that this service takes for it.
    input_builds: Vec<String>,
    /// Populations that may be named here.
    populations: Vec<Population>,
    /// When the service was first seen with it.
    first_seen: String,
    /// Since when the service offers it without a break.
    since: String,
    /// When the service was last seen with it.
    last_seen: String,
    /// Since when the service does not offer it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    gone_since: Option<String>,
}

/// What people say of a panel.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Terms {
    #[serde(flatten)]
    document: TermsDocument,
    /// Counts the changes; it is the number in the `ETag`.
    version: i64,
    /// Who changed them last; shown to those who may change them.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_by: Option<String>,
    /// When they were last changed.
    updated_at: String,
}

/// How many services hold a panel, and where.
#[derive(Debug, Default)]
struct Counts {
    holders: usize,
    available: usize,
    gone: usize,
    held_in: BTreeSet<domain::Jurisdiction>,
    first_seen: Option<Timestamp>,
}

impl Panel {
    pub(super) fn of_entry(entry: PanelEntry, whose: bool) -> Self {
        let counts = Counts {
            holders: entry.holders,
            available: entry.available,
            gone: entry.gone,
            held_in: entry.jurisdictions,
            first_seen: entry.first_seen,
        };
        Self::of(entry.id.to_string(), entry.facts, entry.terms, counts, whose)
    }

    fn of(
        id: String,
        facts: Facts,
        record: Option<TermsRecord>,
        counts: Counts,
        whose: bool,
    ) -> Self {
        let aliases = record.iter().flat_map(|record| &record.terms.aliases);
        Self {
            id,
            name: facts.name,
            other_names: facts.other_names.into_iter().collect(),
            aliases: aliases.map(ToString::to_string).collect(),
            builds: words(facts.builds),
            input_builds: words(facts.input_builds),
            populations: facts.populations.into_iter().map(Population::of).collect(),
            samples: facts.samples,
            sites: facts.sites,
            holder_count: counts.holders,
            available_count: counts.available,
            gone_count: counts.gone,
            held_in: counts.held_in.iter().map(ToString::to_string).collect(),
            first_seen: counts.first_seen.map(time::format),
            terms: record.map(|record| Terms::of(&record, whose)),
        }
    }
}

impl PanelDetails {
    pub(super) fn of(view: PanelView, whose: bool) -> Self {
        let mut counts = Counts::default();
        for holder in &view.holders {
            let first = counts.first_seen.get_or_insert(holder.first_seen);
            *first = holder.first_seen.min(*first);
            if holder.gone_since.is_some() {
                counts.gone += 1;
            } else {
                counts.holders += 1;
                counts.available += usize::from(holder.available);
                counts.held_in.extend(holder.jurisdiction);
            }
        }
        Self {
            panel: Panel::of(view.id.to_string(), view.facts, view.terms, counts, whose),
            holders: view.holders.into_iter().map(Holding::of).collect(),
        }
    }
}

impl Population {
    pub(in crate::api::v1) fn of(population: domain::Population) -> Self {
        Self { id: population.id, name: population.name }
    }
}

impl Holding {
    pub(in crate::api::v1) fn of(holder: Holder) -> Self {
        let offered: ReferencePanel = holder.offered;
        Self {
            service: holder.service.to_string(),
            service_name: holder.service_name,
            jurisdiction: holder.jurisdiction.map(|law| law.to_string()),
            service_state: holder.state.to_owned(),
            available: holder.available,
            why: holder.why,
            called: offered.id,
            name: offered.name,
            build: offered.build.map(|build| build.to_string()),
            input_builds: words(offered.input_builds),
            populations: offered.populations.into_iter().map(Population::of).collect(),
            first_seen: time::format(holder.first_seen),
            since: time::format(holder.since),
            last_seen: time::format(holder.last_seen),
            gone_since: holder.gone_since.map(time::format),
        }
    }
}

impl Terms {
    pub(super) fn of(record: &TermsRecord, whose: bool) -> Self {
        Self {
            document: TermsDocument::of(&record.terms),
            version: record.version,
            updated_by: whose.then(|| record.updated_by.clone()),
            updated_at: time::format(record.updated_at),
        }
    }
}

fn words(builds: impl IntoIterator<Item = Build>) -> Vec<String> {
    builds.into_iter().map(|build| build.to_string()).collect()
}
