//! One run as the ledger holds it.

use jiff::Timestamp;
use sqlx::FromRow;

use super::{Error, Result};
use crate::{
    domain::{BackendRunId, CallerId, RunId, ServiceId},
    ga4gh::wes::{RunRequest, State},
};

/// How far the gateway has come with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Known here, and to nobody else.
    Open,
    /// A service may be hearing of it right now.
    Sending,
    /// The answer of the service was lost: the run may exist there. It is looked for, never sent again.
    Uncertain,
    /// A service has it, and it has not ended or not everything about it was read yet.
    Placed,
    /// It has ended, and all that its service told is kept here.
    Settled,
    /// No service took it; its caller was told so, and it is not listed.
    Refused,
}

impl Phase {
    const ALL: [Self; 6] =
        [Self::Open, Self::Sending, Self::Uncertain, Self::Placed, Self::Settled, Self::Refused];

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Sending => "sending",
            Self::Uncertain => "uncertain",
            Self::Placed => "placed",
            Self::Settled => "settled",
            Self::Refused => "refused",
        }
    }
}

/// One run as the ledger holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Id of the run.
    pub run_id: RunId,
    /// Whose it is.
    pub caller_id: CallerId,
    /// What was asked for, as it came.
    pub request: RunRequest,
    /// Why it went where it went, as JSON.
    pub decision: String,
    /// How far the gateway has come with it.
    pub phase: Phase,
    /// Its state; the first terminal one stays.
    pub state: State,
    /// The service that has it, or may have it.
    pub service_id: Option<ServiceId>,
    /// Its id there.
    pub backend_run_id: Option<BackendRunId>,
    /// The service's own word for the state.
    pub word: String,
    /// The service has deleted the results.
    pub expired: bool,
    /// What the service told about the run once it had ended, as JSON.
    pub details: Option<String>,
    /// The password of the result archive, sealed.
    pub sealed_password: Option<String>,
    /// It was sent with its caller's own credential, and is followed with the same.
    pub own_credential: bool,
    /// What `Idempotency-Key` was sent with, once the whole body had come.
    pub fingerprint: Option<String>,
    /// When its caller asked to cancel it.
    pub cancel_asked_at: Option<Timestamp>,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When it was first seen running.
    pub started_at: Option<Timestamp>,
    /// When it was first seen ended.
    pub ended_at: Option<Timestamp>,
    /// When its service last told its state.
    pub seen_at: Option<Timestamp>,
}

/// What came of asking a service to take a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Still being asked.
    Sending,
    /// It took the run.
    Placed,
    /// It could not, and certainly did not.
    Unavailable,
    /// It said no.
    Refused,
    /// Its answer was lost.
    Uncertain,
}

impl Outcome {
    /// The word in the database and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Placed => "placed",
            Self::Unavailable => "unavailable",
            Self::Refused => "refused",
            Self::Uncertain => "uncertain",
        }
    }
}

/// One time that a service was asked to take the run.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Attempt {
    /// Counted from 1.
    pub number: i64,
    /// Which service.
    pub service_id: String,
    /// When it began, in microseconds since 1970.
    pub begun_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// What came of it: a word of [`Outcome`].
    pub outcome: String,
    /// In words for people.
    pub detail: String,
}

/// What the gateway has to say about a run.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Note {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// What, in words for people.
    pub message: String,
}

/// A row of `runs`.
#[derive(Debug, FromRow)]
pub(super) struct Row {
    run_id: String,
    caller_id: String,
    request: String,
    decision: String,
    phase: String,
    state: String,
    service_id: Option<String>,
    backend_run_id: Option<String>,
    word: String,
    expired: i64,
    details: Option<String>,
    sealed_password: Option<String>,
    own_credential: i64,
    fingerprint: Option<String>,
    cancel_asked_at: Option<i64>,
    created_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    seen_at: Option<i64>,
}

/// The columns of [`Row`].
macro_rules! columns {
    () => {
        "run_id, caller_id, request, decision, phase, state, service_id, backend_run_id, word, \
         expired, details, sealed_password, own_credential, fingerprint, cancel_asked_at, created_at, \
         started_at, ended_at, seen_at"
    };
}
pub(super) use columns;

impl TryFrom<Row> for Entry {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            run_id: read_id(&row.run_id)?,
            caller_id: CallerId::from_stored(row.caller_id),
            request: serde_json::from_str(&row.request).map_err(unreadable)?,
            decision: row.decision,
            phase: read_phase(&row.phase)?,
            state: read_state(&row.state)?,
            service_id: row.service_id.as_deref().map(read_id).transpose()?,
            backend_run_id: row.backend_run_id.map(BackendRunId::new),
            word: row.word,
            expired: row.expired != 0,
            details: row.details,
            sealed_password: row.sealed_password,
            own_credential: row.own_credential != 0,
            fingerprint: row.fingerprint,
            cancel_asked_at: read_time(row.cancel_asked_at)?,
            created_at: Timestamp::from_microsecond(row.created_at).map_err(unreadable)?,
            started_at: read_time(row.started_at)?,
            ended_at: read_time(row.ended_at)?,
            seen_at: read_time(row.seen_at)?,
        })
    }
}

pub(super) fn read_id<T: std::str::FromStr>(text: &str) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(unreadable)
}

pub(super) fn read_state(word: &str) -> Result<State> {
    State::parse(word).ok_or_else(|| unreadable(format!("state {word}")))
}

fn read_phase(word: &str) -> Result<Phase> {
    Phase::ALL
        .into_iter()
        .find(|phase| phase.as_str() == word)
        .ok_or_else(|| unreadable(format!("phase {word}")))
}

fn read_time(micros: Option<i64>) -> Result<Option<Timestamp>> {
    micros.map(Timestamp::from_microsecond).transpose().map_err(unreadable)
}

pub(super) fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::Unreadable(error.to_string())
}
