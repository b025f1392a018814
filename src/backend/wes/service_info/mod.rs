//! Reads what a WES server says it can do, in every shape that service-info has had.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    backend::client::lenient::{to_text, to_texts},
    domain::{Offer, Queue, same_workflow_type},
};

/// What a WES server told.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::backend) struct Told {
    /// What it can do.
    pub(in crate::backend) offer: Offer,
    /// It refuses a run that names no engine, or may do so: engines came with WES 1.1.
    pub(super) wants_engine: bool,
    /// It does not say what it is: the shape of WES 1.0.0, and of `wes-server`.
    pub(super) is_bare: bool,
    /// It refuses even empty engine parameters when it runs registered workflows only (sapporo).
    pub(super) spare_parameters: bool,
}

/// Reads a service-info answer; `None` means that this is no WES.
pub(in crate::backend) fn read(info: &Value) -> Option<Told> {
    let info = info.as_object()?;
    let own_members = [
        "workflow_type_versions",
        "workflow_type_version",
        "supported_wes_versions",
        "workflow_engine_versions",
        "supported_filesystem_protocols",
    ];
    let service_type = info.get("type");
    let member = |name: &str| service_type.and_then(|kind| to_text(kind.get(name)?));
    let is_wes = own_members.iter().any(|name| info.contains_key(*name))
        || member("artifact").is_some_and(|artifact| artifact.eq_ignore_ascii_case("wes"));
    if !is_wes {
        return None;
    }

    let mut claims = info.get("supported_wes_versions").map(to_texts).unwrap_or_default();
    claims.extend(member("version"));
    let sapporo = claims.iter().chain(&member("group")).any(|word| word.starts_with("sapporo"));
    Some(Told {
        offer: Offer {
            // Early Cromwell has the singular.
            workflow_types: versions(info, &["workflow_type_versions", "workflow_type_version"]),
            engines: versions(info, &["workflow_engine_versions"]),
            panels: Vec::new(),
            protocols: protocols(info),
            catalogue: false,
            version: info.get("version").and_then(to_text),
            closed: None,
            queue: queue(info),
            max_runs: None,
        },
        is_bare: service_type.is_none(),
        wants_engine: sapporo || claims.iter().any(|claim| has_engines(claim)),
        spare_parameters: sapporo,
    })
}

/// The engine to name for a request that names none: the only one, or the one that is known to run
/// the type. Its version too, where there is no choice.
pub(super) fn engine_for<'a>(
    engines: &'a BTreeMap<String, Vec<String>>,
    workflow_type: &str,
) -> Option<(&'a str, Option<&'a str>)> {
    const KNOWN: [(&str, &[&str]); 4] = [
        ("CWL", &["cwltool", "cwl-runner", "toil", "toil-cwl-runner", "streamflow"]),
        ("WDL", &["cromwell", "miniwdl", "toil", "toil-wdl-runner"]),
        ("NFL", &["nextflow"]),
        ("SMK", &["snakemake"]),
    ];
    let called = |wanted: &str| engines.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let preferred = KNOWN
        .iter()
        .filter(|(kind, _)| same_workflow_type(kind, workflow_type))
        .flat_map(|(_, names)| names.iter())
        .find_map(|name| called(name));
    let only = if engines.len() == 1 { engines.first_key_value() } else { None };
    let (name, versions) = preferred.or(only).or_else(|| called(workflow_type))?;
    let version = match versions.as_slice() {
        [version] => Some(version.as_str()),
        _ => None,
    };
    Some((name, version))
}

fn versions(info: &Map<String, Value>, members: &[&str]) -> BTreeMap<String, Vec<String>> {
    let Some(told) = members.iter().find_map(|name| info.get(*name)?.as_object()) else {
        return BTreeMap::new();
    };
    told.iter().map(|(name, value)| (name.clone(), version_list(value))).collect()
}

/// The versions of one language or engine: an object with a list (1.1), a list, or a single text.
fn version_list(value: &Value) -> Vec<String> {
    let inner = value.as_object().and_then(|object| {
        ["workflow_type_version", "workflow_engine_version"]
            .iter()
            .find_map(|name| object.get(*name))
    });
    let mut versions = to_texts(inner.unwrap_or(value));
    // A Python server that could not ask its engine says `b''`.
    versions.retain(|version| !version.starts_with("b'"));
    versions
}

/// Who counts nothing at all, not even runs that are over, does not count (Galaxy, the starter kit).
fn queue(info: &Map<String, Value>) -> Option<Queue> {
    let counts = info.get("system_state_counts")?.as_object()?;
    let count = |words: &[&str]| -> u64 {
        let named = counts.iter().filter(|(word, _)| {
            words.is_empty() || words.iter().any(|wanted| word.eq_ignore_ascii_case(wanted))
        });
        named.filter_map(|(_, count)| count.as_u64()).fold(0, u64::saturating_add)
    };
    if count(&[]) == 0 {
        return None;
    }
    let waiting = count(&["QUEUED", "INITIALIZING"]);
    let running = count(&["RUNNING", "PAUSED", "CANCELING"]);
    let under_way = waiting.saturating_add(running);
    Some(Queue { under_way, waiting: Some(waiting), running: Some(running) })
}

fn protocols(info: &Map<String, Value>) -> Vec<String> {
    let told = info.get("supported_filesystem_protocols").map(to_texts).unwrap_or_default();
    told.iter().map(|word| word.trim_end_matches("://").to_ascii_lowercase()).collect()
}

/// Whether a claimed WES version is 1.1 or later.
fn has_engines(claim: &str) -> bool {
    let mut parts = claim.trim_start_matches(['v', 'V']).split('.');
    let mut next = || parts.next().and_then(|part| part.parse::<u32>().ok());
    match (next(), next()) {
        (Some(major), Some(minor)) => (major, minor) >= (1, 1),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
