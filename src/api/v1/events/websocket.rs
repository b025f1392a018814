//! `GET /api/v1/events/ws`: the same events over a websocket (RFC 6455).

use std::{pin::pin, time::Duration};

use axum::{
    body::Bytes,
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code, rejection},
    },
    http::HeaderMap,
    response::Response,
};
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior};

use super::{
    EventMessage,
    listener::{Heard, Listener},
    query::EventQuery,
};
use crate::{
    api::{
        Api,
        error::{ApiError, ErrorResponse, Result},
        extract::Query,
        limit::Slip,
    },
    auth::SUBPROTOCOL,
};

/// Clients have nothing to say; what they send is read and dropped, up to this size.
const MAX_MESSAGE: usize = 4096;

/// Read at a time. tungstenite's own 128 KiB are there for every websocket, however little it says.
const READ_BUFFER: usize = 1024;

/// Frames under way to a client; each is waited for, so one event and a ping fit.
const MAX_WRITE_BUFFER: usize = 64 * 1024;

/// How long a client may take to read what is left, and to say goodbye.
const FAREWELL: Duration = Duration::from_secs(1);

/// Tells what happens, as it happens: as `GET /api/v1/events`, over a websocket. Each event is a text.
/// Browsers show their token as two subprotocols, `bearer` and the token.
#[utoipa::path(
    get,
    path = "/events/ws",
    tag = "events",
    params(
        EventQuery,
        (
            "Sec-WebSocket-Protocol" = Option<String>,
            Header,
            description = "`bearer, <token>`, where no other header can be sent",
        ),
    ),
    responses(
        (status = 101, description = "A websocket; each text is one message", body = EventMessage),
        (status = 400, description = "Bad filter, or no websocket", body = ErrorResponse),
        (status = 401, description = "No valid credential", body = ErrorResponse),
        (status = 429, description = "The caller listens too often", body = ErrorResponse),
        (status = 503, description = "Too many listen", body = ErrorResponse),
    ),
    security(("bearer" = []), ("api_key" = []), ("basic" = [])),
)]
pub(in crate::api::v1) async fn open_websocket(
    State(api): State<Api>,
    slip: Slip,
    headers: HeaderMap,
    Query(query): Query<EventQuery>,
    upgrade: Result<WebSocketUpgrade, rejection::WebSocketUpgradeRejection>,
) -> Result<Response> {
    let listener = Listener::open(&api, &slip, &headers, &query).await?;
    let mut upgrade = upgrade.map_err(|rejection| {
        ApiError::bad_request("not_a_websocket", format!("this path is a websocket: {rejection}"))
    })?;
    let is_ours = |protocol: &[u8]| protocol.eq_ignore_ascii_case(SUBPROTOCOL.as_bytes());
    let ours = upgrade.requested_protocols().find(|protocol| is_ours(protocol.as_bytes())).cloned();
    if let Some(protocol) = ours {
        // The token was offered too, and must never stand in an answer.
        upgrade.set_selected_protocol(protocol);
    }
    Ok(upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(|socket| async { Talk { socket, listener, answered: true }.run().await }))
}

/// A websocket and its listener.
struct Talk {
    socket: WebSocket,
    listener: Listener,
    /// The client said something since the last ping.
    answered: bool,
}

/// The websocket is over: its client went, did not answer, or did not read.
struct Gone;

impl Talk {
    async fn run(mut self) {
        // However this ends, the socket goes with it.
        let _ = self.talk().await;
    }

    async fn talk(&mut self) -> Result<(), Gone> {
        let every = self.listener.events.config().ping_interval;
        let mut ping = tokio::time::interval_at(Instant::now() + every, every);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.tell_position().await?;
        loop {
            tokio::select! {
                heard = self.listener.next() => match heard {
                    Heard::Event(event) => self.send(text(event.json())).await?,
                    Heard::Resync(resync) => self.send(text(resync.json())).await?,
                    Heard::Expired(error) => {
                        self.send(text(self.listener.farewell(error).json())).await?;
                        return self.close(close_code::POLICY, error.reason()).await;
                    }
                    Heard::Closed => return self.close(close_code::AWAY, "the gateway stops").await,
                },
                said = self.socket.recv() => match said {
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Gone),
                    Some(Ok(_)) => self.answered = true,
                },
                _ = ping.tick() => self.ping().await?,
            }
        }
    }

    async fn ping(&mut self) -> Result<(), Gone> {
        if !self.answered {
            return Err(Gone);
        }
        self.answered = false;
        self.send(Message::Ping(Bytes::new())).await?;
        match self.listener.try_next() {
            Some(Heard::Event(event)) => self.send(text(event.json())).await,
            Some(Heard::Resync(resync)) => self.send(text(resync.json())).await,
            // The next look finds it again.
            Some(Heard::Expired(_) | Heard::Closed) => Ok(()),
            None => self.tell_position().await,
        }
    }

    /// Tells how far the listener has come, where events for others passed by.
    async fn tell_position(&mut self) -> Result<(), Gone> {
        if self.listener.moved().is_none() {
            return Ok(());
        }
        self.send(text(self.listener.word("position", &json!({})).json())).await
    }

    /// Sends a message. A client that does not read is cut by the edge, and at the end soon.
    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        let mut send = pin!(self.socket.send(message));
        let sent = tokio::select! {
            biased;
            sent = send.as_mut() => sent,
            () = self.listener.events.closed() => {
                tokio::time::timeout(FAREWELL, send).await.map_err(|_| Gone)?
            }
        };
        sent.map_err(|_| Gone)
    }

    /// Says goodbye, and waits a moment for the answer, so that it is not lost to a reset.
    async fn close(&mut self, code: u16, reason: &'static str) -> Result<(), Gone> {
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        let farewell = async {
            self.socket.send(Message::Close(Some(frame))).await.map_err(|_| Gone)?;
            while let Some(Ok(_)) = self.socket.recv().await {}
            Ok(())
        };
        tokio::time::timeout(FAREWELL, farewell).await.unwrap_or(Err(Gone))
    }
}

fn text(json: Bytes) -> Message {
    Message::Text(Utf8Bytes::try_from(json).expect("JSON is UTF-8"))
}
