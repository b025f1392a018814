//! Finds the imputation app among the apps of a server, and its panels among its parameters. Pure.

use super::wire::{App, Choice, Server};
use crate::{
    backend::client::plain_text,
    domain::{Build, Population, ReferencePanel},
};

/// The app that runs are submitted to.
pub(super) struct KnownApp {
    /// Its id as the server lists it, with the version where it is told.
    pub(super) id: String,
    /// Its parameters.
    pub(super) app: App,
}

/// The app to use: the newest version of the wanted one, or exactly the wanted version.
pub(super) fn choose<'a>(server: &'a Server, wanted: &str) -> Option<&'a str> {
    server
        .all_apps()
        .filter(|app| app.id == wanted || bare_id(&app.id) == wanted)
        .max_by_key(|app| {
            let version = app.version.as_deref().or_else(|| version_of(&app.id));
            version_parts(version.unwrap_or_default())
        })
        .map(|app| app.id.as_str())
}

/// The panels of an app, in the order of the server. Of a panel in several versions only the newest is
/// told: requests name panels without a version.
pub(super) fn panels(app: &App) -> Vec<ReferencePanel> {
    let Some(param) = app.param("refpanel") else { return Vec::new() };
    let input_builds: Vec<Build> = app
        .param("build")
        .map(|param| param.choices().filter_map(|(key, _)| key.parse().ok()).collect())
        .unwrap_or_default();
    let mut panels: Vec<ReferencePanel> = Vec::new();
    for (key, choice) in param.choices() {
        let panel = to_panel(app, key, choice, &input_builds);
        match panels.iter_mut().find(|other| other.id == panel.id) {
            Some(other) if key_version(&other.key) < key_version(key) => *other = panel,
            Some(_) => {}
            None => panels.push(panel),
        }
    }
    panels
}

/// The version of the server's software in the text of its version badge.
pub(super) fn badge_version(svg: &str) -> Option<String> {
    let text = plain_text(svg);
    text.split(' ')
        .map(|word| word.trim_start_matches(['v', 'V']))
        .find(|word| {
            word.starts_with(|c: char| c.is_ascii_digit())
                && word.contains('.')
                && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
        })
        .map(str::to_owned)
}

/// The generation of the server, where its badge does not tell the version: version 2 lists its apps
/// without versions.
pub(super) fn generation(server: &Server) -> &'static str {
    if server.all_apps().any(|app| app.version.is_some()) { "3" } else { "2" }
}

fn to_panel(app: &App, key: &str, choice: &Choice, input_builds: &[Build]) -> ReferencePanel {
    let id = bare_id(key.strip_prefix("apps@").unwrap_or(key)).to_owned();
    let name = name_of(choice).unwrap_or_else(|| id.clone());
    let build = build_in(&name).or_else(|| build_in(&id));
    let input_builds = match (input_builds, build) {
        ([], Some(build)) => vec![build],
        (builds, _) => builds.to_vec(),
    };
    let populations = app
        .param("population")
        .and_then(|param| param.choices().find(|(panel, _)| *panel == key))
        .map(|(_, bound)| bound.choices().map(to_population).collect())
        .unwrap_or_default();
    // The servers keep the counts of samples and sites to themselves.
    let (samples, sites) = (None, None);
    let key = key.to_owned();
    ReferencePanel { id, key, name, build, input_builds, populations, samples, sites }
}

fn to_population((key, choice): (&str, &Choice)) -> Population {
    Population { id: key.to_owned(), name: name_of(choice).unwrap_or_else(|| key.to_owned()) }
}

fn name_of(choice: &Choice) -> Option<String> {
    let name = choice.value.as_deref().or(choice.label.as_deref())?;
    Some(plain_text(name)).filter(|name| !name.is_empty())
}

/// The one build that a name mentions: the servers tell it nowhere else.
fn build_in(name: &str) -> Option<Build> {
    let name = name.to_lowercase();
    let says = |words: [&str; 2]| words.iter().any(|word| name.contains(word));
    match (says(["hg19", "grch37"]), says(["hg38", "grch38"])) {
        (true, false) => Some(Build::Hg19),
        (false, true) => Some(Build::Hg38),
        (true, true) | (false, false) => None,
    }
}

fn bare_id(id: &str) -> &str {
    id.split_once('@').map_or(id, |(bare, _)| bare)
}

fn version_of(id: &str) -> Option<&str> {
    id.split_once('@').map(|(_, version)| version)
}

fn key_version(key: &str) -> Vec<u64> {
    let id = key.strip_prefix("apps@").unwrap_or(key);
    version_parts(version_of(id).unwrap_or_default())
}

fn version_parts(version: &str) -> Vec<u64> {
    version
        .split(['.', '-'])
        .map(|part| part.trim_start_matches(['v', 'V']).parse().unwrap_or(0))
        .collect()
}
