//! A listener as long as its credential is good.

use std::sync::Arc;

use axum::http::HeaderMap;
use serde_json::json;
use tokio::time::Instant;

use super::query::EventQuery;
use crate::{
    api::{Api, caller::require_scope, error::Result, limit::Slip},
    auth::{self, Authenticator, Session},
    domain::Scope,
    events::{Ears, EventId, Events, Next, Published, Subscription, Text},
};

/// A listener. It does not outlive its credential.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) events: Events,
    subscription: Subscription,
    session: Session,
    authenticator: Arc<Authenticator>,
    recheck_at: Instant,
    /// The last id that it was told.
    told: Option<EventId>,
}

/// What a listener is told next.
#[derive(Debug)]
pub(super) enum Heard {
    /// An event.
    Event(Arc<Published>),
    /// Some events were missed.
    Resync(Text),
    /// The credential is not good any more.
    Expired(auth::Error),
    /// The gateway stops.
    Closed,
}

impl Listener {
    /// Begins to listen, for whoever shows a credential.
    pub(super) async fn open(
        api: &Api,
        slip: &Slip,
        headers: &HeaderMap,
        query: &EventQuery,
    ) -> Result<Self> {
        let session = api.authenticator.begin_session(headers).await?;
        api.gate.admit_caller(slip, session.caller()).await?;
        require_scope(session.caller(), Scope::Read)?;
        let ears = Ears::new(session.caller(), query.wanted()?);
        let subscription = api.events.subscribe(ears, query.after(headers))?;
        let mut listener = Self {
            events: api.events.clone(),
            subscription,
            session,
            authenticator: Arc::clone(&api.authenticator),
            recheck_at: Instant::now(),
            told: None,
        };
        listener.recheck_later();
        Ok(listener)
    }

    /// Waits for what the listener is told next. Nothing is lost if the future is dropped.
    pub(super) async fn next(&mut self) -> Heard {
        loop {
            // The credential goes first: whoever reads slowly gets nothing more after its end.
            if self.recheck_at <= Instant::now() {
                if let Err(error) = self.authenticator.recheck(&mut self.session).await {
                    return Heard::Expired(error);
                }
                self.recheck_later();
            }
            tokio::select! {
                next = self.subscription.next() => return self.heard(next),
                () = tokio::time::sleep_until(self.recheck_at) => {}
            }
        }
    }

    /// What was missed without being woken, since most of it was for others.
    pub(super) fn try_next(&mut self) -> Option<Heard> {
        let next = self.subscription.try_next()?;
        Some(self.heard(next))
    }

    /// The place up to which the listener knows everything, if it was not told that yet.
    pub(super) fn moved(&mut self) -> Option<EventId> {
        let position = self.subscription.position();
        let told = self.told.replace(position);
        (told != Some(position)).then_some(position)
    }

    /// A word of the gateway to this listener alone, in the form of an event.
    pub(super) fn word(&self, name: &str, data: &serde_json::Value) -> Text {
        self.subscription.word(name, data)
    }

    /// Tells that the credential is over, and why.
    pub(super) fn farewell(&self, error: auth::Error) -> Text {
        self.word("closed", &json!({"reason": error.reason()}))
    }

    fn heard(&mut self, next: Next) -> Heard {
        self.told = Some(self.subscription.position());
        match next {
            Next::Event(event) => Heard::Event(event),
            Next::Resync(text) => Heard::Resync(text),
            Next::Closed => Heard::Closed,
        }
    }

    fn recheck_later(&mut self) {
        let interval = self.events.config().recheck_interval;
        let wait = interval.min(self.authenticator.time_left(&self.session));
        self.recheck_at = Instant::now() + wait;
    }
}
