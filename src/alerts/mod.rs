//! Tells people when something in the federation needs them: rules look at the services, what they find
//! becomes alerts, and every alert is told on the channels that are configured, until it was heard.

mod alert;
mod backoff;
mod channel;
mod config;
mod deliver;
mod error;
mod evaluate;
mod facts;
mod judge;
mod mail;
mod message;
mod outbox;
mod rule;
mod rules;
mod severity;
mod store;
#[cfg(test)]
mod tests;
mod webhook;

use std::{fmt, path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{sync::watch, time::MissedTickBehavior};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use crate::{
    backend::client::{Certificates, Client},
    database::Database,
    domain::{Caller, Clock},
    events::{Event, Events},
    registry::Registry,
    vault::Vault,
};

use self::channel::Channel;
pub use self::{
    alert::{Alert, Delivery, Kind},
    config::{Config, RuleConfig, SmtpConfig, SmtpTls, WebhookConfig},
    error::{Error, Result},
    evaluate::{Change, State, Transition},
    facts::Facts,
    rule::{Condition, Rule, When},
    severity::Severity,
    store::{Filter, Happened, Listener, Page, Store},
};

/// How often is written down that an alert is still open, and how often old ones are deleted.
const HOUSEKEEPING: Duration = Duration::from_secs(60);

/// What alerts stand on.
#[derive(Debug)]
pub struct Parts {
    /// What is looked for, and who is told.
    pub config: Config,
    /// The services.
    pub registry: Arc<Registry>,
    /// Their credentials, of which only the expiry is read.
    pub vault: Arc<Vault>,
    /// Posts webhooks.
    pub client: Client,
    /// The certificates of the services, as each client that calls them saw them.
    pub certificates: Vec<Certificates>,
    /// Where alerts are published.
    pub events: Events,
    /// Where alerts are kept.
    pub database: Database,
    /// The wall time.
    pub clock: Arc<dyn Clock>,
}

/// The alerts.
pub struct Alerts {
    config: Config,
    rules: Vec<Rule>,
    channels: Vec<Channel>,
    registry: Arc<Registry>,
    vault: Arc<Vault>,
    client: Client,
    certificates: Vec<Certificates>,
    events: Events,
    store: Store,
    clock: Arc<dyn Clock>,
    /// Tells the channels that there is something new to send.
    news: watch::Sender<()>,
}

/// What came of trying a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The channel.
    pub channel: String,
    /// What went wrong; nothing, if the message was taken.
    pub error: Option<String>,
}

/// Checks a configuration. The error names the key and what is wrong with it. `authorities` is a file with
/// those that are trusted beside those of the machine.
pub fn check(config: &Config, authorities: Option<&Path>) -> Result<(), (String, String)> {
    rules::build(&config.rules)?;
    channel::build(config, authorities)?;
    Ok(())
}

impl Alerts {
    /// The alerts over these parts. The error names the key of the configuration and what is wrong with it.
    pub fn build(parts: Parts) -> Result<Arc<Self>, (String, String)> {
        let authorities = parts.client.config().extra_ca_file.as_deref();
        Ok(Arc::new(Self {
            rules: rules::build(&parts.config.rules)?,
            channels: channel::build(&parts.config, authorities)?,
            config: parts.config,
            registry: parts.registry,
            vault: parts.vault,
            client: parts.client,
            certificates: parts.certificates,
            events: parts.events,
            store: Store::new(parts.database),
            clock: parts.clock,
            news: watch::Sender::new(()),
        }))
    }

    /// Looks and tells until `shutdown`.
    pub fn start(self: &Arc<Self>, tracker: &TaskTracker, shutdown: &CancellationToken) {
        let (alerts, shutdown) = (self.clone(), shutdown.clone());
        tracker.spawn(async move {
            tokio::join!(alerts.watch(&shutdown), alerts.deliver(&shutdown));
        });
    }

    /// The rules in force.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Some alerts, newest first.
    pub async fn list(&self, filter: &Filter, token: Option<&str>, size: u32) -> Result<Page> {
        self.store.list(filter, token, size).await
    }

    /// One alert with its messages.
    pub async fn get(&self, id: &str) -> Result<(Alert, Vec<Delivery>)> {
        Ok((self.store.get(id).await?, self.store.deliveries(id).await?))
    }

    /// Writes down that somebody looks after an open alert.
    pub async fn acknowledge(&self, caller: &Caller, id: &str, note: &str) -> Result<Alert> {
        let (by, now) = (caller.id.as_str(), self.clock.now().as_microsecond());
        let alert = self.store.acknowledge(id, by, note, now).await?;
        info!(
            alert.id = id,
            alert.rule = alert.rule,
            caller.id = by,
            note,
            "alert {id} ({} of {}) was acknowledged",
            alert.rule,
            alert.subject,
        );
        Ok(alert)
    }

    /// Sends a test on every channel, once, and says what came of it.
    pub async fn test(&self) -> Vec<Tried> {
        let (now, wait) = (self.clock.now(), self.config.delivery_timeout);
        let payload = message::test_payload(now);
        let tried = self.channels.iter().map(async |channel| {
            let id = message::new_id();
            let sent = channel.send(&self.client, &id, &payload, now, wait).await;
            Tried {
                channel: channel.name().to_owned(),
                error: sent.err().map(|failure| failure.why),
            }
        });
        futures_util::future::join_all(tried).await
    }

    async fn watch(&self, shutdown: &CancellationToken) {
        let mut tick = tokio::time::interval(self.config.interval.max(Duration::from_millis(10)));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut state = None;
        let mut tidied = None;
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = shutdown.cancelled() => return,
            }
            // A look is a few short transactions: it ends by itself soon after the shutdown.
            match self.look(state.take()).await {
                Ok(next) => state = Some(next),
                // The state is read anew from the database, which is what counts.
                Err(error) => {
                    error!("the alerts cannot be kept up to date: {error}");
                    // Some of the look may have been written down before it failed.
                    self.news.send_replace(());
                }
            }
            let now = self.clock.now();
            if tidied
                .is_none_or(|at: Timestamp| now.duration_since(at).unsigned_abs() >= HOUSEKEEPING)
            {
                tidied = Some(now);
                if let Err(error) = self.tidy(now).await {
                    warn!("the alerts cannot be tidied: {error}");
                }
            }
        }
    }

    /// Looks at all services once. Without a state of before, what the database holds is open.
    async fn look(&self, before: Option<State>) -> Result<State> {
        let before = match before {
            Some(state) => state,
            None => State::of_open(self.store.open().await?),
        };
        let now = self.clock.now();
        let fleet = self.registry.snapshot();
        let ending = self.ending(now).await;
        let fleet = facts::gather(&fleet, &self.vault, &ending, &self.certificates);
        let (after, transitions) = before.after(&self.rules, &fleet, now);
        if transitions.is_empty() {
            return Ok(after);
        }
        let listeners: Vec<_> = self.channels.iter().map(Channel::listener).collect();
        let happened = self.store.apply(&transitions, &listeners, now.as_microsecond()).await?;
        for Happened { kind, alert } in happened {
            self.tell(kind, &alert);
        }
        self.news.send_replace(());
        Ok(after)
    }

    /// The credentials of callers that expire within the longest step of a rule.
    async fn ending(&self, now: Timestamp) -> facts::Ending {
        let longest = self.rules.iter().filter_map(|rule| match &rule.condition {
            Condition::CallerCredentialExpiring { within } => within.first().copied(),
            _ => None,
        });
        let Some(longest) = longest.max() else { return facts::Ending::new() };
        let before = now.checked_add(longest).unwrap_or(Timestamp::MAX);
        match self.vault.ending_by_service(now, before).await {
            Ok(ending) => ending,
            Err(error) => {
                warn!("it is not known which credentials of callers expire: {error}");
                facts::Ending::new()
            }
        }
    }

    fn tell(&self, kind: Kind, alert: &Alert) {
        let Alert { id, rule, subject, .. } = alert;
        let resolved = kind == Kind::Resolved;
        let message = match &alert.resolution {
            Some(why) if resolved => why,
            Some(_) | None => &alert.message,
        };
        let word = kind.as_str();
        warn!(alert.id = id, alert.rule = rule, service.id = alert.service_id, "{word}: {message}");
        self.events.publish(Event::Alert {
            alert: id.clone(),
            rule: rule.clone(),
            subject: subject.clone(),
            resolved,
            message: message.clone(),
        });
    }

    async fn tidy(&self, now: Timestamp) -> Result<()> {
        self.store.touch(now.as_microsecond()).await?;
        let before = now.checked_sub(self.config.keep).unwrap_or(Timestamp::MIN);
        self.store.prune(before.as_microsecond()).await?;
        Ok(())
    }
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alerts").field("rules", &self.rules).finish_non_exhaustive()
    }
}
