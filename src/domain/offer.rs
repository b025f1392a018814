//! What a service can do, as it said itself.

use std::collections::BTreeMap;

use super::ReferencePanel;

/// What a service offers. Read from the service, never guessed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    /// Workflow types and the versions of each, spelled as the service wants to hear them.
    pub workflow_types: BTreeMap<String, Vec<String>>,
    /// Engines and the versions of each.
    pub engines: BTreeMap<String, Vec<String>>,
    /// Reference panels, where the service imputes.
    pub panels: Vec<ReferencePanel>,
    /// Protocols by which the service fetches inputs itself, such as `https`; empty if it cannot.
    pub protocols: Vec<String>,
    /// The service keeps workflows of its own, so that `workflow_url` may name one of them.
    pub catalogue: bool,
    /// Version of the software, where it says so.
    pub version: Option<String>,
    /// Why the service takes no runs at the moment, in its own words, such as a maintenance notice.
    pub closed: Option<String>,
    /// Its queue, where it tells.
    pub queue: Option<Queue>,
    /// Runs that one user may have there at once, where it said so.
    pub max_runs: Option<u64>,
}

/// How busy a service is, as it counts itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queue {
    /// Runs that have not ended.
    pub under_way: u64,
    /// Those among them that wait, where it tells them apart.
    pub waiting: Option<u64>,
    /// Those among them that run, where it tells them apart.
    pub running: Option<u64>,
}

impl Offer {
    /// The service's own spelling of a workflow type, compared without regard to case.
    pub fn workflow_type(&self, wanted: &str) -> Option<&str> {
        self.workflow_types.keys().map(String::as_str).find(|own| same_workflow_type(own, wanted))
    }

    /// The versions of a workflow type, compared without regard to case. `None`: it is not offered.
    pub fn versions(&self, wanted: &str) -> Option<&[String]> {
        let mut types = self.workflow_types.iter();
        types.find(|(own, _)| same_workflow_type(own, wanted)).map(|(_, own)| own.as_slice())
    }

    /// Whether the service fetches inputs by this protocol itself.
    pub fn fetches(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|own| own.eq_ignore_ascii_case(protocol))
    }

    /// The panel that a request calls by this name.
    pub fn panel(&self, name: &str) -> Option<&ReferencePanel> {
        self.panels.iter().find(|panel| panel.is_called(name))
    }
}

/// Whether two spellings name one workflow type: case does not matter, and the languages that are
/// known under two names (`NFL` and `Nextflow`, `SMK` and `Snakemake`) are one.
pub fn same_workflow_type(a: &str, b: &str) -> bool {
    fn canonical(word: &str) -> &str {
        if word.eq_ignore_ascii_case("nextflow") {
            "NFL"
        } else if word.eq_ignore_ascii_case("snakemake") {
            "SMK"
        } else {
            word
        }
    }
    canonical(a).eq_ignore_ascii_case(canonical(b))
}
