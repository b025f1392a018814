//! `GET /api/v1/services/compare`: services side by side.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    api::{
        Api,
        caller::Authenticated,
        error::{ErrorResponse, Result},
        extract::{Query, bad_query},
        json::Private,
    },
    federation::{self, HeldPanel, PanelRow, Side},
    ga4gh::time,
    vitals::Condition,
};

/// Services that fit side by side.
const MAX_SERVICES: usize = 20;

/// Which services.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CompareQuery {
    /// Ids of the services, with commas between them: 1 to 20.
    #[param(value_type = String, example = "cape-town,nairobi")]
    ids: Option<String>,
}

/// Services side by side.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Comparison {
    /// What matters to a choice among them, in words for people; what matters most comes first.
    differences: Vec<String>,
    /// The services, in the order in which they were named.
    services: Vec<ComparedService>,
    /// Every panel that one of them holds, and what each service makes of it.
    panels: Vec<ComparedPanel>,
}

/// One of the services.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComparedService {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// The dialect that it speaks.
    kind: String,
    /// Who runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<String>,
    /// Country under whose law it stands.
    jurisdiction: String,
    /// Version of its software, where it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// How much of the work it gets beside services that could do the same.
    weight: u32,
    /// Whether it can be used.
    health: ComparedHealth,
    /// Workflow types and the versions of each.
    workflow_types: BTreeMap<String, Vec<String>>,
    /// Engines and the versions of each.
    engines: BTreeMap<String, Vec<String>>,
    /// Protocols by which it fetches inputs itself; empty if it cannot.
    protocols: Vec<String>,
    /// Builds of input that it imputes.
    builds: Vec<String>,
    /// Populations that may be named, whatever the panel.
    populations: Vec<String>,
    /// How many panels it holds.
    panel_count: usize,
    /// What is known of its limits.
    limits: ComparedLimits,
    /// Its queue, where it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<ComparedQueue>,
    /// How calls to it have gone lately.
    speed: ComparedSpeed,
}

/// Whether a service can be used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComparedHealth {
    /// `up`, `degraded`, `down`, `maintenance`, `draining` or `unknown`.
    state: String,
    /// Why it is not usable.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// Since when it is so.
    since: String,
    /// When it was last asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_at: Option<String>,
}

/// What is known of the limits of a service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComparedLimits {
    /// Calls that the gateway makes at a time.
    max_in_flight: u32,
    /// Runs that one user may have there at once, where the service said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_runs: Option<u64>,
}

/// How calls to a service have gone lately.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComparedSpeed {
    /// How long an answer takes, as a moving average.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<u64>,
    /// The share of calls that succeeded, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    success_rate: Option<f32>,
    /// Calls of the gateway that are under way.
    in_flight: u32,
    /// `closed`: calls go through. `open` or `half_open`: it is left alone for a while.
    circuit: String,
}

/// The runs at a service that have not ended, as it counts them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComparedQueue {
    /// All of them.
    under_way: u64,
    /// Those that wait, where it tells them apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<u64>,
    /// Those that run, where it tells them apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    running: Option<u64>,
}

/// A panel, and what each service makes of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComparedPanel {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// Countries in which it may be used by its terms; empty where nothing is said about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_in: Vec<String>,
    /// What each service makes of it, by the id of the service; one that is not named does not have it.
    held: BTreeMap<String, ComparedHolding>,
}

/// A panel at one of the services.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComparedHolding {
    /// Since when without a break.
    since: String,
    /// Builds of input that are taken for it.
    builds: Vec<String>,
    /// Populations that may be named.
    populations: Vec<String>,
}

/// Puts services side by side: panels, builds, populations, limits, health, queue and jurisdiction.
#[utoipa::path(
    get,
    path = "/services/compare",
    tag = "services",
    operation_id = "compare_services",
    params(CompareQuery),
    responses(
        (status = 200, description = "The services side by side", body = Comparison),
        (status = 400, description = "`ids` is missing, or names more than 20", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 404, description = "One of them does not exist; `msg` names it", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(super) async fn compare(
    State(api): State<Api>,
    _caller: Authenticated,
    Query(query): Query<CompareQuery>,
) -> Result<Private<Comparison>> {
    let ids = ids(query.ids.as_deref().unwrap_or_default())?;
    Ok(Private(Comparison::of(api.panels.compare(&ids)?)))
}

/// The ids, each once.
fn ids(text: &str) -> Result<Vec<String>> {
    let mut known = BTreeSet::new();
    let mut ids = Vec::new();
    for id in text.split(',').map(str::trim).filter(|id| !id.is_empty()) {
        if known.insert(id) {
            ids.push(id.to_owned());
        }
        if ids.len() > MAX_SERVICES {
            return Err(bad_query(&format!(
                "at most {MAX_SERVICES} services are put side by side"
            )));
        }
    }
    if ids.is_empty() { Err(bad_query("`ids` names the services, as in ids=a,b")) } else { Ok(ids) }
}

impl Comparison {
    fn of(comparison: federation::Comparison) -> Self {
        let ids: Vec<_> = comparison.services.iter().map(|side| side.id.to_string()).collect();
        let panel = |row| ComparedPanel::of(row, &ids);
        Self {
            differences: comparison.differences,
            panels: comparison.panels.into_iter().map(panel).collect(),
            services: comparison.services.into_iter().map(ComparedService::of).collect(),
        }
    }
}

impl ComparedService {
    fn of(side: Side) -> Self {
        Self {
            id: side.id.to_string(),
            name: side.name,
            kind: side.kind,
            organization: side.organization,
            jurisdiction: side.jurisdiction.to_string(),
            version: side.version,
            weight: side.weight,
            health: ComparedHealth {
                state: side.state.as_str().to_owned(),
                why: side.why,
                since: time::format(side.since),
                checked_at: side.checked_at.map(time::format),
            },
            workflow_types: side.workflow_types,
            engines: side.engines,
            protocols: side.protocols,
            builds: side.builds.iter().map(ToString::to_string).collect(),
            populations: side.populations.into_iter().collect(),
            panel_count: side.panels,
            limits: ComparedLimits {
                max_in_flight: side.condition.max_in_flight,
                max_runs: side.max_runs,
            },
            speed: ComparedSpeed::of(&side.condition),
            queue: side.queue.map(|queue| ComparedQueue {
                under_way: queue.under_way,
                waiting: queue.waiting,
                running: queue.running,
            }),
        }
    }
}

impl ComparedSpeed {
    fn of(condition: &Condition) -> Self {
        let millis = |latency: Duration| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        Self {
            latency_ms: condition.latency.map(millis),
            success_rate: condition.success_rate,
            in_flight: condition.in_flight,
            circuit: condition.circuit.as_str().to_owned(),
        }
    }
}

impl ComparedPanel {
    fn of(row: PanelRow, ids: &[String]) -> Self {
        let held = ids.iter().zip(row.held).filter_map(|(id, held)| Some((id.clone(), held?)));
        Self {
            id: row.id.to_string(),
            name: row.name,
            allowed_in: row.allowed_in.iter().map(ToString::to_string).collect(),
            held: held.map(|(id, held)| (id, ComparedHolding::of(held))).collect(),
        }
    }
}

impl ComparedHolding {
    fn of(held: HeldPanel) -> Self {
        Self {
            since: time::format(held.since),
            builds: held.builds.iter().map(ToString::to_string).collect(),
            populations: held.populations.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_once_each_and_bounded() {
        let many: Vec<_> = (0..21).map(|number| format!("s{number}")).collect();

        assert_eq!(ids(" b, a,,b ").unwrap(), ["b", "a"]);
        assert_eq!(ids(&many[..20].join(",")).unwrap().len(), 20);
        assert!(ids(&many.join(",")).is_err());
        assert!(ids(" , ").is_err());
    }
}
