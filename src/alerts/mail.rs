//! Mail by SMTP: one for each message, in plain words.

use std::{fs, path::Path, time::Duration};

use jiff::Timestamp;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    Severity, SmtpConfig, SmtpTls,
    channel::{Failure, chain, is_loopback},
    message::Message,
};

/// The name of the channel.
pub(super) const NAME: &str = "smtp";

/// A mail server, and whom the mails go to.
#[derive(Debug)]
pub(super) struct Mail {
    pub(super) from_severity: Severity,
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Mail {
    /// The error names the key and what is wrong with it. `authorities` are trusted beside those of the
    /// machine.
    pub(super) fn build(
        config: &SmtpConfig<SecretString>,
        timeout: Duration,
        authorities: Option<&Path>,
    ) -> Result<Self, (&'static str, String)> {
        let mailbox = |key, text: &str| {
            let parsed = text.parse::<Mailbox>();
            parsed.map_err(|error| (key, format!("`{text}`: {error}")))
        };
        let to = config.to.iter().map(|text| mailbox("to", text)).collect::<Result<Vec<_>, _>>()?;
        if to.is_empty() {
            return Err(("to", "nobody would get the mails".to_owned()));
        }
        let (tls, port) = match config.tls {
            SmtpTls::None if is_loopback(&config.host) => (Tls::None, 25),
            SmtpTls::None => {
                return Err(("tls", "`none` is for a server on this machine".to_owned()));
            }
            SmtpTls::Starttls => (Tls::Required(parameters(config, authorities)?), 587),
            SmtpTls::Tls => (Tls::Wrapper(parameters(config, authorities)?), 465),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port.unwrap_or(port))
            .tls(tls)
            .timeout(Some(timeout));
        match (&config.username, &config.password) {
            (None, None) => {}
            (Some(username), Some(password)) => {
                let password = password.expose_secret().to_owned();
                transport = transport.credentials(Credentials::new(username.clone(), password));
            }
            (Some(_), None) => return Err(("password", "a user name needs one".to_owned())),
            (None, Some(_)) => return Err(("username", "a password needs one".to_owned())),
        }
        Ok(Self {
            from_severity: config.from_severity,
            transport: transport.build(),
            from: mailbox("from", &config.from)?,
            to,
        })
    }

    /// Sends a message once.
    pub(super) async fn send(
        &self,
        id: &str,
        payload: &str,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let message: Message =
            serde_json::from_str(payload).map_err(|error| Failure::of(&error))?;
        let mut mail = lettre::Message::builder()
            .from(self.from.clone())
            .subject(message.headline())
            .date(now.into())
            // One message, one id, however often it is sent.
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            mail = mail.to(to.clone());
        }
        let mail = mail.body(message.text()).map_err(|error| Failure::of(&error))?;
        match self.transport.send(mail).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::of(&error)),
        }
    }
}

fn parameters(
    config: &SmtpConfig<SecretString>,
    authorities: Option<&Path>,
) -> Result<TlsParameters, (&'static str, String)> {
    let mut parameters = TlsParameters::builder(config.host.clone());
    if let Some(path) = authorities {
        let pem = fs::read(path).map_err(|e| ("host", format!("{}: {e}", path.display())))?;
        let authority = Certificate::from_pem(&pem).map_err(|error| ("host", chain(&error)))?;
        parameters = parameters.add_root_certificate(authority);
    }
    parameters.build().map_err(|error| ("host", chain(&error)))
}
