//! How bad something is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How bad something is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    #[default]
    Info,
    /// Somebody should look at it soon.
    Warning,
    /// Somebody should look at it now.
    Critical,
}

impl Severity {
    /// Every severity, the least first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Critical];

    /// The word in the database and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == word)
    }

    /// So many steps less bad.
    pub(super) fn lowered(self, steps: usize) -> Self {
        let own = Self::ALL.iter().position(|severity| *severity == self).unwrap_or_default();
        Self::ALL[own.saturating_sub(steps)]
    }
}
