//! What one entry of the trail says.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::domain::{Caller, CallerId, RunId, ServiceId};

/// What was permitted, or done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A gateway began to serve.
    Started,
    /// It was decided where a run may go, or that it may go nowhere.
    RunDecided,
    /// A service is about to hear of a run, and to be shown a credential.
    RunSubmitted,
    /// A run is about to be canceled at its service.
    RunCanceled,
    /// A log or a result is about to be read.
    FileOpened,
    /// Somebody asked for a change: of services, nodes, policies, credentials, keys, or whatever else
    /// stands under our own API.
    ChangeAsked,
    /// What came of it.
    ChangeDone,
    /// Whatever is sealed is about to get under another master key, by the command that does it.
    KeysRotated,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 8] = [
        Self::Started,
        Self::RunDecided,
        Self::RunSubmitted,
        Self::RunCanceled,
        Self::FileOpened,
        Self::ChangeAsked,
        Self::ChangeDone,
        Self::KeysRotated,
    ];

    /// The word in the trail and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "gateway.started",
            Self::RunDecided => "run.decided",
            Self::RunSubmitted => "run.submitted",
            Self::RunCanceled => "run.canceled",
            Self::FileOpened => "file.opened",
            Self::ChangeAsked => "change.asked",
            Self::ChangeDone => "change.done",
            Self::KeysRotated => "keys.rotated",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == word)
    }
}

/// One entry. No secret belongs here, and nothing of the data themselves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    #[serde(serialize_with = "word")]
    pub(super) act: Act,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) caller: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) institution: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) run_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) study: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dataset: Option<String>,
    /// What else there is to say, by name.
    #[serde(flatten)]
    pub(super) details: BTreeMap<&'static str, Value>,
}

fn word<S: serde::Serializer>(act: &Act, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(act.as_str())
}

impl Entry {
    /// An entry of which only the act is known.
    pub fn new(act: Act) -> Self {
        Self {
            act,
            caller: None,
            institution: None,
            run_id: None,
            service: None,
            study: None,
            dataset: None,
            details: BTreeMap::new(),
        }
    }

    /// Who asked.
    #[must_use]
    pub fn by(mut self, caller: &Caller) -> Self {
        self.caller = Some(caller.id.to_string());
        self.institution.clone_from(&caller.institution);
        self
    }

    /// For whom it is done, where nothing but the id is known.
    #[must_use]
    pub fn for_caller(mut self, caller: &CallerId) -> Self {
        self.caller = Some(caller.to_string());
        self
    }

    /// About which run.
    #[must_use]
    pub fn run(mut self, run_id: RunId) -> Self {
        self.run_id = Some(run_id.to_string());
        self
    }

    /// At which service.
    #[must_use]
    pub fn at(mut self, service: &ServiceId) -> Self {
        self.service = Some(service.to_string());
        self
    }

    /// With which data, by the tags of the run.
    #[must_use]
    pub fn data(mut self, study: Option<&str>, dataset: Option<&str>) -> Self {
        self.study = study.map(str::to_owned);
        self.dataset = dataset.map(str::to_owned);
        self
    }

    /// Something else, unless it is empty.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let empty = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        };
        if !empty {
            self.details.insert(name, value);
        }
        self
    }
}
