//! What is wrong with a configuration, and where.

use std::fmt;

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, or `environment`.
    pub source: String,
    /// The key, such as `server.listen`; empty where the whole file is meant.
    pub key: String,
    /// What is wrong, in words for people.
    pub message: String,
}

impl Problem {
    pub(super) fn new(source: &str, key: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { source: source.to_owned(), key: key.into(), message: message.to_string() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, key, message } = self;
        if key.is_empty() {
            write!(f, "{source}: {message}")
        } else {
            write!(f, "{source}: {key}: {message}")
        }
    }
}
