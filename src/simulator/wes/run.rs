//! A run as the server keeps it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::simulator::{
    course::{Course, Phase},
    upload::{Upload, UploadedFile},
};

/// A run.
pub(super) struct Run {
    /// The id that was given out.
    pub(super) id: String,
    /// What it goes through.
    pub(super) course: Course,
    /// The fields of the submission, as they came.
    pub(super) fields: BTreeMap<String, String>,
    /// Its tags.
    pub(super) tags: BTreeMap<String, String>,
    /// What stays of its attachments.
    pub(super) files: Vec<UploadedFile>,
}

impl Run {
    /// A run out of its submission.
    pub(super) fn new(id: String, course: Course, upload: Upload) -> Self {
        let tags = upload.fields.get("tags").map(|tags| string_map(tags)).unwrap_or_default();
        Self { id, course, fields: upload.fields, tags, files: upload.files }
    }

    /// A field as JSON: text that is no JSON stays text, and a missing field is `null`.
    pub(super) fn json_field(&self, name: &str) -> Value {
        self.fields.get(name).map_or(Value::Null, |text| {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()))
        })
    }

    /// A field as text.
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// What the run has written so far.
    pub(super) fn log_text(&self, phase: Phase, stream: &str) -> String {
        let mut text = String::new();
        if stream == "stderr" {
            text.push_str("INFO staging inputs\n");
            for file in &self.files {
                text.push_str(&format!("INFO staged {} ({} bytes)\n", file.name, file.bytes));
            }
            if let Phase::Ended(outcome) = phase {
                text.push_str(match outcome {
                    crate::simulator::Outcome::Complete => "INFO final process status is success\n",
                    crate::simulator::Outcome::ExecutorError => "ERROR the program exited with 1\n",
                    crate::simulator::Outcome::SystemError => "ERROR no space left on device\n",
                });
            }
        } else {
            text.push_str(&format!("running {}\n", self.field("workflow_url")));
            if phase.is_over() {
                text.push_str("done\n");
            }
        }
        text
    }

    /// The content of the output `checksums.txt`: SHA-256 and name of every attachment.
    pub(super) fn checksums(&self) -> String {
        self.files.iter().map(|file| format!("{}  {}\n", file.sha256, file.name)).collect()
    }
}

/// Reads a JSON object of texts; values that are no text are written as JSON.
pub(super) fn string_map(json: &str) -> BTreeMap<String, String> {
    let map: Map<String, Value> = serde_json::from_str(json).unwrap_or_default();
    map.into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        })
        .collect()
}
