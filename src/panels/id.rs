//! The id of a reference panel in the federation.

use std::{fmt, str::FromStr, sync::Arc};

/// What a panel is called in the federation: the id that adapters make, in lower case, since requests name
/// panels without regard to case. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PanelId(Arc<str>);

/// Longer ids are none: every list that holds them is bounded.
const MAX_BYTES: usize = 200;

impl PanelId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PanelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PanelId {
    type Err = NotAPanelId;

    fn from_str(text: &str) -> Result<Self, NotAPanelId> {
        let fits = !text.is_empty() && text.len() <= MAX_BYTES && text.trim() == text;
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(text.to_ascii_lowercase().into()))
        } else {
            Err(NotAPanelId)
        }
    }
}

/// The text is not the id of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the id of a panel is 1 to {MAX_BYTES} bytes without control characters or spaces around it"
)]
pub struct NotAPanelId;
