//! What a simulator accepted, so that anyone can count losses and doubles from outside.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{Json, Router, extract::State, routing::get};
use jiff::Timestamp;
use serde::Serialize;

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

async fn list(State(submissions): State<Submissions>) -> Json<Vec<Submission>> {
    Json(submissions.all())
}
