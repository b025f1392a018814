//! What matters to the choice between services, in words for people. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    time::Duration,
};

use super::{HeldPanel, PanelRow, Side};
use crate::{domain::same_workflow_type, registry::StateWord};

/// Panels that are told one by one; the matrix has them all.
const MAX_PANELS: usize = 20;

/// Nobody chooses a service for less.
const NOTICEABLE: Duration = Duration::from_millis(200);

/// All differences; what matters most comes first.
pub(super) fn differences(services: &[Side], panels: &[PanelRow]) -> Vec<String> {
    if services.len() < 2 {
        return Vec::new();
    }
    let mut found = Vec::new();
    found.extend(services.iter().filter_map(not_usable));
    found.extend(laws(services));
    found.extend(places(services, panels));
    found.extend(terms(services, panels));
    found.extend(details(services, panels));
    found.extend(workflow_types(services));
    found.extend(queues(services));
    found.extend(speeds(services));
    found.extend(run_limits(services));
    found
}

fn not_usable(side: &Side) -> Option<String> {
    let what = match side.state {
        StateWord::Up => return None,
        StateWord::Degraded => "gets runs, but does not do well",
        StateWord::Down => "cannot be used",
        StateWord::Draining => "takes no new runs",
        StateWord::Maintenance => "is under maintenance",
        StateWord::Unknown => "was not asked yet",
    };
    let why = side.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    Some(format!("{} {what}{why}", side.id))
}

fn laws(services: &[Side]) -> Option<String> {
    differing(services, |side| Some(side.jurisdiction.to_string()))
        .map(|groups| format!("law: {}", told(&groups, |law, who| format!("{who} in {law}"))))
}

/// Which panels are at some of them only.
fn places(services: &[Side], panels: &[PanelRow]) -> Vec<String> {
    let partial: Vec<_> =
        panels.iter().filter(|row| row.held.iter().any(Option::is_none)).collect();
    let mut found: Vec<_> = partial
        .iter()
        .take(MAX_PANELS)
        .map(|row| {
            let at = |there: bool| {
                let named =
                    services.iter().zip(&row.held).filter(|(_, held)| held.is_some() == there);
                listed(named.map(|(side, _)| &side.id))
            };
            format!("panel {}: at {}, not at {}", row.id, at(true), at(false))
        })
        .collect();
    if partial.len() > MAX_PANELS {
        found.push(format!("{} more panels are not everywhere", partial.len() - MAX_PANELS));
    }
    found
}

/// Panels that stand where their terms do not allow them.
fn terms(services: &[Side], panels: &[PanelRow]) -> Vec<String> {
    let outside = panels.iter().filter_map(|row| {
        if row.allowed_in.is_empty() {
            return None;
        }
        let holders = services.iter().zip(&row.held).filter(|(_, held)| held.is_some());
        let outside = holders.filter(|(side, _)| !row.allowed_in.contains(&side.jurisdiction));
        let outside: Vec<_> =
            outside.map(|(side, _)| format!("{} ({})", side.id, side.jurisdiction)).collect();
        let allowed = listed(&row.allowed_in);
        (!outside.is_empty()).then(|| {
            let id = &row.id;
            format!(
                "panel {id}: by its terms for use in {allowed} only, and at {}",
                listed(&outside)
            )
        })
    });
    outside.take(MAX_PANELS).collect()
}

/// Panels that several of them hold, and not alike.
fn details(services: &[Side], panels: &[PanelRow]) -> Vec<String> {
    let mut found = Vec::new();
    for row in panels {
        let holders: Vec<_> = services
            .iter()
            .zip(&row.held)
            .filter_map(|(side, held)| Some((side, held.as_ref()?)))
            .collect();
        let mut tell = |what: &str, of: fn(&HeldPanel) -> String| {
            let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (side, held) in &holders {
                groups.entry(of(held)).or_default().push(side.id.to_string());
            }
            if groups.len() > 1 {
                let each = told(&groups, |value, who| format!("{who} {value}"));
                found.push(format!("panel {}, {what}: {each}", row.id));
            }
        };
        tell("builds of input", |held| or_none(&held.builds));
        tell("populations", |held| or_none(&held.populations));
    }
    found.truncate(MAX_PANELS);
    found
}

/// Workflow types that some of them run only.
fn workflow_types(services: &[Side]) -> Vec<String> {
    let mut types: Vec<&str> = Vec::new();
    for own in services.iter().flat_map(|side| side.workflow_types.keys()) {
        if !types.iter().any(|known| same_workflow_type(known, own)) {
            types.push(own);
        }
    }
    let runs = |side: &Side, wanted: &str| {
        side.workflow_types.keys().any(|own| same_workflow_type(own, wanted))
    };
    let partial = types.into_iter().filter_map(|kind| {
        let (there, not): (Vec<_>, Vec<_>) = services.iter().partition(|side| runs(side, kind));
        (!not.is_empty()).then(|| {
            let at = listed(there.iter().map(|side| &side.id));
            format!("{kind}: at {at}, not at {}", listed(not.iter().map(|side| &side.id)))
        })
    });
    partial.take(MAX_PANELS).collect()
}

fn queues(services: &[Side]) -> Option<String> {
    let told: Vec<_> =
        services.iter().filter_map(|side| Some((&side.id, side.queue?.under_way))).collect();
    let (least, most) =
        (told.iter().map(|(_, runs)| *runs).min()?, told.iter().map(|(_, runs)| *runs).max()?);
    (most > least).then(|| {
        let each = told.iter().map(|(id, runs)| format!("{id} {runs}"));
        format!("runs under way: {}", each.collect::<Vec<_>>().join(", "))
    })
}

/// Told only where one takes twice as long as another, and long enough to be noticed.
fn speeds(services: &[Side]) -> Option<String> {
    let told: Vec<_> =
        services.iter().filter_map(|side| Some((&side.id, side.condition.latency?))).collect();
    let slowest = told.iter().map(|(_, latency)| *latency).max()?;
    let fastest = told.iter().map(|(_, latency)| *latency).min()?;
    (slowest >= NOTICEABLE && slowest >= fastest * 2).then(|| {
        let each = told.iter().map(|(id, latency)| format!("{id} {} ms", latency.as_millis()));
        format!("answers take on average: {}", each.collect::<Vec<_>>().join(", "))
    })
}

fn run_limits(services: &[Side]) -> Option<String> {
    let groups = differing(services, |side| side.max_runs.map(|runs| runs.to_string()))?;
    Some(format!(
        "runs of one user at once: {}",
        told(&groups, |runs, who| format!("{who} {runs}"))
    ))
}

type Groups = BTreeMap<String, Vec<String>>;

/// Who says what, if those that say anything differ.
fn differing(services: &[Side], of: impl Fn(&Side) -> Option<String>) -> Option<Groups> {
    let mut groups = Groups::new();
    for side in services {
        if let Some(value) = of(side) {
            groups.entry(value).or_default().push(side.id.to_string());
        }
    }
    (groups.len() > 1).then_some(groups)
}

fn told(groups: &Groups, each: impl Fn(&str, String) -> String) -> String {
    let each = groups.iter().map(|(value, who)| each(value, listed(who)));
    each.collect::<Vec<_>>().join("; ")
}

fn or_none<T: Display>(items: &BTreeSet<T>) -> String {
    if items.is_empty() { "none told".to_owned() } else { listed(items) }
}

fn listed<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    match items.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
