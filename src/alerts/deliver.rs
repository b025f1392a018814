//! Sends what is in the outbox: each channel at its own pace, so that a dead one holds up no other.

use std::time::Duration;

use futures_util::{StreamExt, future::join_all, stream};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    Alerts, Result,
    alert::Delivery,
    backoff,
    channel::{Channel, Failure},
};

/// How long a channel rests at most: a clock that was put back must not silence it.
const REST: Duration = Duration::from_secs(60);

/// How long what is under way may take after the end was announced.
const FAREWELL: Duration = Duration::from_secs(1);

impl Alerts {
    /// Sends until `shutdown`.
    pub(super) async fn deliver(&self, shutdown: &CancellationToken) {
        let names: Vec<_> = self.channels.iter().map(Channel::name).collect();
        if let Err(error) = self.store.give_up_without(&names).await {
            warn!("messages of former channels stay: {error}");
        }
        join_all(self.channels.iter().map(|channel| self.serve(channel, shutdown))).await;
    }

    async fn serve(&self, channel: &Channel, shutdown: &CancellationToken) {
        let mut news = self.news.subscribe();
        while !shutdown.is_cancelled() {
            news.mark_unchanged();
            let rest = match self.send_due(channel, shutdown).await {
                Ok(rest) => rest,
                Err(error) => {
                    error!(channel = channel.name(), "the outbox cannot be read: {error}");
                    REST
                }
            };
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                changed = news.changed() => if changed.is_err() { return },
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Sends what is due, and says when to look again.
    async fn send_due(&self, channel: &Channel, shutdown: &CancellationToken) -> Result<Duration> {
        let at_once = self.config.at_once.max(1);
        let batch = i64::try_from(at_once * 8).unwrap_or(i64::MAX);
        loop {
            let now = self.clock.now().as_microsecond();
            let due = self.store.due(channel.name(), now, batch).await?;
            if due.is_empty() || shutdown.is_cancelled() {
                break;
            }
            // In hand before any is begun: the compiler cannot follow a closure across the wait.
            let sent: Vec<_> =
                due.iter().map(|delivery| self.try_one(channel, delivery, shutdown)).collect();
            let results: Vec<_> = stream::iter(sent).buffer_unordered(at_once).collect().await;
            results.into_iter().collect::<Result<()>>()?;
        }
        let Some(next) = self.store.next_due(channel.name()).await? else { return Ok(REST) };
        let left = next.saturating_sub(self.clock.now().as_microsecond());
        Ok(Duration::from_micros(u64::try_from(left).unwrap_or_default()).min(REST))
    }

    async fn try_one(
        &self,
        channel: &Channel,
        delivery: &Delivery,
        shutdown: &CancellationToken,
    ) -> Result<()> {
        let Delivery { id, payload, .. } = delivery;
        let (now, wait) = (self.clock.now(), self.config.delivery_timeout);
        let sent = tokio::select! {
            sent = channel.send(&self.client, id, payload, now, wait) => sent,
            // Cut: it stays in the outbox, under the same id, so that its receiver can tell.
            () = farewell(shutdown) => return Ok(()),
        };
        match sent {
            Ok(()) => {
                info!(channel = channel.name(), "message {id} was delivered");
                self.store.delivered(id, self.clock.now().as_microsecond()).await
            }
            Err(failure) => self.missed(channel, delivery, &failure).await,
        }
    }

    async fn missed(
        &self,
        channel: &Channel,
        delivery: &Delivery,
        failure: &Failure,
    ) -> Result<()> {
        let failures = u32::try_from(delivery.attempts).unwrap_or(u32::MAX).saturating_add(1);
        let (channel, id, why) = (channel.name(), &delivery.id, &failure.why);
        if failure.last || failures >= self.config.max_attempts {
            error!(channel, "message {id} was given up after {failures} tries: {why}");
            return self.store.missed(id, why, None).await;
        }
        warn!(channel, "message {id} was not delivered: {why}");
        let wait = backoff::wait(
            self.config.first_retry,
            self.config.longest_retry,
            failures,
            failure.retry_after,
            &mut fastrand::Rng::new(),
        );
        let next = after(self.clock.now(), wait).as_microsecond();
        self.store.missed(id, why, Some(next)).await
    }
}

async fn farewell(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(FAREWELL).await;
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
