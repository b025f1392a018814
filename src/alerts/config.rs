//! `[alerts]`: what is looked for, and who is told.

use std::time::Duration;

use humantime_serde::Serde;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use super::{Severity, When};

/// What is looked for, and who is told. `S` is a secret: by reference in a file, itself once it was read.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, bound(deserialize = "S: Deserialize<'de>"))]
pub struct Config<S = SecretString> {
    /// How often the rules look at the services. Nothing is raised or resolved in between.
    #[serde(with = "humantime_serde")]
    pub interval: Duration,
    /// How long an alert is kept after it was resolved.
    #[serde(with = "humantime_serde")]
    pub keep: Duration,
    /// How often one message is tried on one channel. After that it is marked as failed.
    pub max_attempts: u32,
    /// How long after the first failure a message is tried again. Doubles with each further one.
    #[serde(with = "humantime_serde")]
    pub first_retry: Duration,
    /// The longest wait between two tries, whatever the receiver asks for.
    #[serde(with = "humantime_serde")]
    pub longest_retry: Duration,
    /// How long one try may take.
    #[serde(with = "humantime_serde")]
    pub delivery_timeout: Duration,
    /// Messages under way at once on one channel.
    pub at_once: usize,
    /// Rules: changes to the built-in ones, by their name, and further ones.
    pub rules: Vec<RuleConfig>,
    /// Where alerts are posted to.
    pub webhooks: Vec<WebhookConfig<S>>,
    /// Where alerts are mailed from; unset, none are.
    pub smtp: Option<SmtpConfig<S>>,
}

/// A rule as an operator writes it down. What is left out is as in the built-in rule of this name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleConfig {
    /// Its name, by which alerts refer to it: lower-case letters, digits and `-`.
    pub name: String,
    /// What it looks for.
    pub when: Option<When>,
    /// Whether it looks at all.
    pub enabled: Option<bool>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// How long it must last before an alert is raised.
    #[serde(with = "humantime_serde")]
    pub r#for: Option<Duration>,
    /// How long it must be over before the alert is resolved.
    #[serde(with = "humantime_serde")]
    pub clear_after: Option<Duration>,
    /// Only these services; all, if empty.
    pub services: Option<Vec<String>>,
    /// Only services of these kinds; all, if empty.
    pub kinds: Option<Vec<String>>,
    /// For `failure_rate`: the share of calls that may fail, from 0 to 1.
    pub max_failure_rate: Option<f32>,
    /// For `failure_rate`: the calls from which on a share means something.
    pub min_samples: Option<u32>,
    /// For `slow_responses`: how long an answer may take on average.
    #[serde(with = "humantime_serde")]
    pub max_latency: Option<Duration>,
    /// For `circuit_flapping`: how often the circuit opens within its window.
    pub openings: Option<u32>,
    /// For `credential_expiring` and `certificate_expiring`: how long before, each step worse than the one
    /// before it.
    pub within: Option<Vec<Serde<Duration>>>,
}

/// A receiver of signed webhooks (Standard Webhooks).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig<S> {
    /// Its name, by which deliveries refer to it.
    pub name: String,
    /// Where alerts are posted to: https, or http on this machine.
    pub url: Url,
    /// What messages are signed with: `whsec_` and base64, or any text.
    pub secret: S,
    /// The least severity that it is told of.
    #[serde(default)]
    pub from_severity: Severity,
}

/// A server that sends mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig<S> {
    /// Its host.
    pub host: String,
    /// Its port; unset, the usual one of `tls`.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the connection is kept private.
    #[serde(default)]
    pub tls: SmtpTls,
    /// User name, where the server wants one.
    #[serde(default)]
    pub username: Option<String>,
    /// Its password.
    #[serde(default = "none")]
    pub password: Option<S>,
    /// Whom the mails come from, such as `Gateway <gateway@example.org>`.
    pub from: String,
    /// Whom they go to.
    pub to: Vec<String>,
    /// The least severity that is mailed.
    #[serde(default)]
    pub from_severity: Severity,
}

/// How a connection to a mail server is kept private.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// It begins in the clear and must turn to TLS before anything is said (port 587).
    #[default]
    Starttls,
    /// TLS from the first byte (port 465).
    Tls,
    /// Not at all: for a server on this machine only (port 25).
    None,
}

impl<S> Default for Config<S> {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(15),
            keep: Duration::from_secs(90 * 24 * 3600),
            max_attempts: 12,
            first_retry: Duration::from_secs(10),
            longest_retry: Duration::from_secs(3600),
            delivery_timeout: Duration::from_secs(15),
            at_once: 4,
            rules: Vec::new(),
            webhooks: Vec::new(),
            smtp: None,
        }
    }
}

impl<S> Config<S> {
    /// The same with every secret read. The error names the key and what is wrong with it.
    pub fn with_secrets<T>(
        &self,
        read: impl Fn(&S) -> Result<T, String>,
    ) -> Result<Config<T>, (String, String)> {
        let webhooks = self.webhooks.iter().enumerate().map(|(position, webhook)| {
            webhook.with_secret(&read).map_err(|why| (format!("webhooks[{position}].secret"), why))
        });
        let webhooks = webhooks.collect::<Result<_, _>>()?;
        let smtp = self.smtp.as_ref().map(|smtp| smtp.with_secret(&read)).transpose();
        let smtp = smtp.map_err(|why| ("smtp.password".to_owned(), why))?;
        Ok(Config {
            interval: self.interval,
            keep: self.keep,
            max_attempts: self.max_attempts,
            first_retry: self.first_retry,
            longest_retry: self.longest_retry,
            delivery_timeout: self.delivery_timeout,
            at_once: self.at_once,
            rules: self.rules.clone(),
            webhooks,
            smtp,
        })
    }
}

impl<S> WebhookConfig<S> {
    fn with_secret<T>(
        &self,
        read: impl Fn(&S) -> Result<T, String>,
    ) -> Result<WebhookConfig<T>, String> {
        Ok(WebhookConfig {
            name: self.name.clone(),
            url: self.url.clone(),
            secret: read(&self.secret)?,
            from_severity: self.from_severity,
        })
    }
}

impl<S> SmtpConfig<S> {
    fn with_secret<T>(
        &self,
        read: impl Fn(&S) -> Result<T, String>,
    ) -> Result<SmtpConfig<T>, String> {
        Ok(SmtpConfig {
            host: self.host.clone(),
            port: self.port,
            tls: self.tls,
            username: self.username.clone(),
            password: self.password.as_ref().map(read).transpose()?,
            from: self.from.clone(),
            to: self.to.clone(),
            from_severity: self.from_severity,
        })
    }
}

/// A field that may be left out, of a type that has no default of its own.
fn none<S>() -> Option<S> {
    None
}
