//! What is wrong with what people write down.

use std::fmt;

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// The member, such as `jurisdiction`.
    pub member: &'static str,
    /// In words for people.
    pub why: String,
}

impl Flaw {
    /// A flaw of a member.
    pub fn new(member: &'static str, why: impl fmt::Display) -> Self {
        Self { member, why: why.to_string() }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.member, self.why)
    }
}
