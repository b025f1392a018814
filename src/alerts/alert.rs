//! An alert and its deliveries, as they are kept.

use sqlx::FromRow;

use super::Severity;

/// Something that somebody should know. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Alert {
    /// Its id, which sorts by the time at which it was raised.
    pub id: String,
    /// The rule that raised it.
    pub rule: String,
    /// The service that it is about.
    pub service_id: String,
    /// What of the service it is about: `service/…`, `credential/…` or `certificate/…`.
    pub subject: String,
    /// How bad it is, at its worst.
    #[sqlx(try_from = "String")]
    pub severity: Severity,
    /// In words for people.
    pub message: String,
    /// When it was raised.
    pub raised_at: i64,
    /// When it was last found to be open.
    pub last_seen: i64,
    /// When it was resolved.
    pub resolved_at: Option<i64>,
    /// Why it was resolved, in words for people.
    pub resolution: Option<String>,
    /// When somebody said that they look after it.
    pub acknowledged_at: Option<i64>,
    /// Who.
    pub acknowledged_by: Option<String>,
    /// What they wrote.
    pub note: Option<String>,
}

/// The columns of an alert.
macro_rules! columns {
    () => {
        "id, rule, service_id, subject, severity, message, raised_at, last_seen, resolved_at, \
         resolution, acknowledged_at, acknowledged_by, note"
    };
}
pub(super) use columns;

/// One message about an alert on one channel. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Delivery {
    /// Its id, by which a receiver can tell that it has it already.
    pub id: String,
    /// The channel.
    pub channel: String,
    /// `raised`, `escalated` or `resolved`.
    pub kind: String,
    /// The message, as JSON.
    pub payload: String,
    /// `pending`, `delivered` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next_at: Option<i64>,
    /// When it was taken.
    pub delivered_at: Option<i64>,
    /// What came of the last try that failed.
    pub last_error: Option<String>,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There is an alert.
    Raised,
    /// It got worse.
    Escalated,
    /// It is over.
    Resolved,
    /// There is none: an operator tries the channel.
    Test,
}

impl Kind {
    /// The word in the database, in messages and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Escalated => "escalated",
            Self::Resolved => "resolved",
            Self::Test => "test",
        }
    }
}

impl TryFrom<String> for Severity {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        Self::parse(&word).ok_or_else(|| format!("`{word}` is no severity"))
    }
}
