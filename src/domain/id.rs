//! The ids of the house: a run here, the same run over there, a service, a caller.

use std::{fmt, str::FromStr, sync::Arc};

use uuid::Uuid;

/// Id of a run at the gateway: a UUIDv7, so that ids sort by time of submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(Uuid);

impl RunId {
    /// A new id. The random part comes from the operating system.
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// The random part of the id, as dice for whatever is left to chance about the run: whoever knows
    /// the id can throw them again.
    pub fn dice(&self) -> u64 {
        self.0.as_u64_pair().1
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for RunId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        // Only the form that the gateway hands out: one run, one name.
        let uuid = Uuid::try_parse(text).map_err(|_| NotAnId)?;
        if uuid.as_hyphenated().to_string() == text { Ok(Self(uuid)) } else { Err(NotAnId) }
    }
}

/// Id of a service in the federation: lower-case letters, digits and `-`, at most 64 characters. Cheap
/// to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceId(Arc<str>);

impl ServiceId {
    /// What stands in the place of an id in paths of the Service Registry and of our own API. No new
    /// service is called so.
    pub const RESERVED: [&str; 6] =
        ["types", "compare", "discover", "export", "import", "test-connection"];

    /// Whether no new service may have it.
    pub fn is_reserved(&self) -> bool {
        Self::RESERVED.contains(&self.as_str())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ServiceId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let named = !text.is_empty() && text.len() <= 64;
        if named && !text.starts_with('-') && text.chars().all(fits) {
            Ok(Self(text.into()))
        } else {
            Err(NotAnId)
        }
    }
}

/// Id of a run at its service. Two services may hand out the same one, so it means nothing alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BackendRunId(String);

impl BackendRunId {
    /// Takes the id exactly as the service wrote it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as the service wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BackendRunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who a caller is: the token's issuer and subject together, since subjects repeat across issuers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallerId(String);

impl CallerId {
    /// The identity of `subject` as `issuer` knows it.
    pub fn new(issuer: &str, subject: &str) -> Self {
        Self(format!("{issuer}#{subject}"))
    }

    /// An id read back from where it was stored.
    pub fn from_stored(id: String) -> Self {
        Self(id)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CallerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct NotAnId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_one_name() {
        let id = RunId::generate();

        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse::<RunId>(), Err(NotAnId));
        assert_eq!(format!("{{{id}}}").parse::<RunId>(), Err(NotAnId));
    }

    #[test]
    fn service_ids_are_plain() {
        for (text, fits) in
            [("ilifu-2", true), ("", false), ("A", false), ("a/b", false), ("-a", false)]
        {
            assert_eq!(text.parse::<ServiceId>().is_ok(), fits, "{text:?}");
        }
    }
}
