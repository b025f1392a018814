//! Events as they happen: as a stream of server-sent events, and over a websocket.

pub(super) mod listen;
mod listener;
mod query;
pub(super) mod websocket;

use serde::Serialize;
use utoipa::ToSchema;

/// Something that happened, or a word of the gateway to its listener.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventMessage {
    /// Its place among the events, `<epoch>-<sequence>`. The epoch is another one after a restart.
    id: String,
    /// `run.state`, `service.state`, `service.circuit`, `service.record`, `node.standing`, `alert`;
    /// `resync` when events were missed and what they told is to be read anew, `closed` when the
    /// credential is over, and on websockets `position` when events for others passed by.
    r#type: String,
    /// When it happened.
    at: String,
    /// What happened, by `type`.
    data: serde_json::Value,
}
