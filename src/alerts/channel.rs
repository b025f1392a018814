//! The ways in which somebody is told.

use std::{collections::BTreeSet, net::IpAddr, path::Path, time::Duration};

use jiff::Timestamp;

use super::{
    Config, Severity,
    mail::{self, Mail},
    store::Listener,
    webhook::Webhook,
};
use crate::backend::client::{Client, plain_text};

/// One way in which somebody is told.
#[derive(Debug)]
pub(super) enum Channel {
    Webhook(Webhook),
    Mail(Mail),
}

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// In words for people.
    pub(super) why: String,
    /// When the receiver wants to be tried again.
    pub(super) retry_after: Option<Duration>,
    /// It wants never to be tried again.
    pub(super) last: bool,
}

impl Failure {
    pub(super) fn of(error: &dyn std::error::Error) -> Self {
        Self { why: plain_text(&chain(error)), retry_after: None, last: false }
    }
}

impl Channel {
    /// Its name.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Webhook(webhook) => &webhook.name,
            Self::Mail(_) => mail::NAME,
        }
    }

    /// Its name, and the least severity that it is told of.
    pub(super) fn listener(&self) -> Listener {
        let from: Severity = match self {
            Self::Webhook(webhook) => webhook.from_severity,
            Self::Mail(mail) => mail.from_severity,
        };
        (self.name().to_owned(), from)
    }

    /// Sends a message once, and waits for the answer for so long.
    pub(super) async fn send(
        &self,
        client: &Client,
        id: &str,
        payload: &str,
        now: Timestamp,
        wait: Duration,
    ) -> Result<(), Failure> {
        let sent = async {
            match self {
                Self::Webhook(webhook) => webhook.send(client, id, payload, now, wait).await,
                Self::Mail(mail) => mail.send(id, payload, now).await,
            }
        };
        match tokio::time::timeout(wait, sent).await {
            Ok(sent) => sent,
            Err(_) => Err(Failure {
                why: format!("no answer within {wait:?}"),
                retry_after: None,
                last: false,
            }),
        }
    }
}

/// The channels of a configuration. The error names the key and what is wrong with it. `authorities` are
/// trusted beside those of the machine.
pub(super) fn build(
    config: &Config,
    authorities: Option<&Path>,
) -> Result<Vec<Channel>, (String, String)> {
    let mut names = BTreeSet::from([mail::NAME]);
    let mut channels = Vec::new();
    for (position, webhook) in config.webhooks.iter().enumerate() {
        let failed = |(key, why): (&str, String)| (format!("webhooks[{position}].{key}"), why);
        if webhook.name.is_empty() || webhook.name.len() > 64 {
            return Err(failed(("name", "a name has 1 to 64 characters".to_owned())));
        }
        if !names.insert(&webhook.name) {
            return Err(failed(("name", format!("`{}` is taken", webhook.name))));
        }
        channels.push(Channel::Webhook(Webhook::build(webhook).map_err(failed)?));
    }
    if let Some(smtp) = &config.smtp {
        let mail = Mail::build(smtp, config.delivery_timeout, authorities);
        let mail = mail.map_err(|(key, why)| (format!("smtp.{key}"), why))?;
        channels.push(Channel::Mail(mail));
    }
    Ok(channels)
}

/// Whether a host is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// An error with its causes, each said once.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let further = error.to_string();
        if !text.contains(&further) {
            text.push_str(": ");
            text.push_str(&further);
        }
        source = error.source();
    }
    text
}
