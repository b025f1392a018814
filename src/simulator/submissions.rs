//! What a simulator accepted, so that anyone can count losses and doubles from outside.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{Json, Router, extract::State, routing::get};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

/// One accepted submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Submission {
    /// Id that the simulator gave out.
    pub id: String,
    /// The job's name, where the protocol has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_name: Option<String>,
    /// The tags, where the protocol has them.
    pub tags: BTreeMap<String, String>,
    /// Plain fields of the submission, without secrets.
    pub fields: BTreeMap<String, String>,
    /// Name and size of every file, in order.
    pub files: Vec<(String, u64)>,
    /// Bytes of all files together.
    pub bytes: u64,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

/// Everything that a simulator accepted. Clones share one list.
#[derive(Debug, Clone, Default)]
pub struct Submissions {
    /// Guards the list; held for one push or one copy.
    list: Arc<Mutex<Vec<Submission>>>,
}

impl Submissions {
    /// Adds an accepted submission.
    pub fn push(&self, submission: Submission) {
        self.list.lock().expect("no holder panics").push(submission);
    }

    /// A copy of the list, in order of acceptance.
    pub fn all(&self) -> Vec<Submission> {
        self.list.lock().expect("no holder panics").clone()
    }

    /// `GET /_sim/submissions`.
    pub(super) fn router(&self) -> Router {
        Router::new().route("/_sim/submissions", get(list)).with_state(self.clone())
    }
}

/// A field as it may be shown: in a JSON object, members that are named after passwords are blotted out.
pub(super) fn without_passwords(text: &str) -> String {
    let Ok(mut object) = serde_json::from_str::<Map<String, Value>>(text) else {
        return text.to_owned();
    };
    let mut blotted = false;
    for (_, value) in object.iter_mut().filter(|(name, _)| name.contains("password")) {
        *value = Value::from("***");
        blotted = true;
    }
    if blotted { Value::from(object).to_string() } else { text.to_owned() }
}

async fn list(State(submissions): State<Submissions>) -> Json<Vec<Submission>> {
    Json(submissions.all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_blotted_out() {
        for (text, expected) in [
            (r#"{"a.password":"x","n":1}"#, r#"{"a.password":"***","n":1}"#),
            (r#"{"n": 1}"#, r#"{"n": 1}"#),
            ("CWL", "CWL"),
        ] {
            assert_eq!(without_passwords(text), expected);
        }
    }
}
