//! What an operator may decide about the log.

use serde::Deserialize;

/// The log.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How a line looks.
    pub format: Format,
    /// Which lines are written: a level, or `target=level` parted by commas.
    pub filter: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One JSON object per line, for machines.
    #[default]
    Json,
    /// Text for people.
    Text,
}

impl Default for Config {
    fn default() -> Self {
        // Pingora tells every step of its start and end at level info.
        Self { format: Format::default(), filter: "info,pingora_core=warn".to_owned() }
    }
}
