//! An event as listeners get it, written once however many they are.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use super::{Audience, Event, EventId};
use crate::domain::{RunId, ServiceId};

/// An event with its place and its text.
#[derive(Debug)]
pub struct Published {
    /// Its place among the others.
    pub id: EventId,
    /// The stable name of its kind.
    pub name: &'static str,
    pub(super) audience: Audience,
    pub(super) service: Option<ServiceId>,
    pub(super) run_id: Option<RunId>,
    text: Text,
}

impl Published {
    pub(super) fn new(id: EventId, event: &Event, at: Timestamp) -> Self {
        let name = event.name();
        Self {
            id,
            name,
            audience: event.audience(),
            service: event.service().cloned(),
            run_id: event.run_id(),
            text: Text::new(id, name, at, &event.data()),
        }
    }

    /// As JSON: `id`, `type`, `at`, `data`.
    pub fn json(&self) -> Bytes {
        self.text.json()
    }

    /// As a frame of a stream of server-sent events, with its empty line.
    pub fn frame(&self) -> Bytes {
        self.text.frame()
    }
}

/// What stands on the wire: one piece of memory for both forms.
#[derive(Debug, Clone)]
pub struct Text {
    frame: Bytes,
    json: std::ops::Range<usize>,
}

impl Text {
    /// Writes it down. No line break can come from `data`: JSON escapes them.
    pub(super) fn new(id: EventId, name: &str, at: Timestamp, data: &Value) -> Self {
        let head = format!("id: {id}\nevent: {name}\ndata: ");
        let json = format!(r#"{{"id":"{id}","type":"{name}","at":"{at:.6}","data":{data}}}"#);
        let place = head.len()..head.len() + json.len();
        Self { frame: format!("{head}{json}\n\n").into(), json: place }
    }

    /// As JSON: `id`, `type`, `at`, `data`.
    pub fn json(&self) -> Bytes {
        self.frame.slice(self.json.clone())
    }

    /// As a frame of a stream of server-sent events, with its empty line.
    pub fn frame(&self) -> Bytes {
        self.frame.clone()
    }
}
