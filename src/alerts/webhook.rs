//! Webhooks that their receiver can check: signed as Standard Webhooks says.
//!
//! A redirect is a failure: nobody but the configured receiver is told.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Method, Request, StatusCode, header};
use jiff::Timestamp;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{
    Severity, WebhookConfig,
    channel::{Failure, is_loopback},
};
use crate::{
    backend::client::{Client, HttpError, full},
    domain::Credential,
};

/// A receiver of webhooks.
#[derive(Debug)]
pub(super) struct Webhook {
    pub(super) name: String,
    pub(super) from_severity: Severity,
    url: Url,
    key: hmac::Key,
}

impl Webhook {
    pub(super) fn build(
        config: &WebhookConfig<SecretString>,
    ) -> Result<Self, (&'static str, String)> {
        check_url(&config.url).map_err(|why| ("url", why))?;
        let key = key(&config.secret).map_err(|why| ("secret", why))?;
        Ok(Self {
            name: config.name.clone(),
            from_severity: config.from_severity,
            url: config.url.clone(),
            key,
        })
    }

    /// Posts a message once.
    pub(super) async fn send(
        &self,
        client: &Client,
        id: &str,
        payload: &str,
        now: Timestamp,
        wait: Duration,
    ) -> Result<(), Failure> {
        let seconds = now.as_second();
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.url.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", sign(&self.key, id, seconds, payload))
            .body(full(payload.to_owned()))
            .map_err(|_| Failure::of(&HttpError::BadUrl))?;
        let answer = client.send(&Credential::None, request, wait).await;
        let answer = answer.map_err(|error| Failure::of(&error))?;
        if answer.status().is_success() {
            return Ok(());
        }
        let status = answer.status();
        let problem = answer.problem().await;
        let why = format!("it answered with {status}: {}", problem.message);
        Err(Failure {
            why: why.trim_end_matches([':', ' ']).to_owned(),
            retry_after: problem.retry_after,
            // The receiver says that it is not there any more.
            last: status == StatusCode::GONE,
        })
    }
}

/// Whether alerts may go to this address: what they tell is for nobody on the way.
fn check_url(url: &Url) -> Result<(), String> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url.host_str().unwrap_or_default()) => Ok(()),
        _ => Err("it is https, or http on this machine".to_owned()),
    }
}

/// The key in a secret. Standard Webhooks writes it as `whsec_` and base64.
fn key(secret: &SecretString) -> Result<hmac::Key, String> {
    let text = secret.expose_secret();
    let bytes = match text.strip_prefix("whsec_") {
        Some(encoded) => STANDARD
            .decode(encoded)
            .map_err(|_| "what follows `whsec_` is not base64".to_owned())?,
        None => text.as_bytes().to_vec(),
    };
    if bytes.len() < 16 {
        return Err("it is shorter than 16 bytes".to_owned());
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

fn sign(key: &hmac::Key, id: &str, seconds: i64, payload: &str) -> String {
    let tag = hmac::sign(key, format!("{id}.{seconds}.{payload}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of the reference libraries of Standard Webhooks.
    #[test]
    fn messages_are_signed_as_the_reference_libraries_sign_them() {
        let key = key(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();

        let signature =
            sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);

        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn weak_secrets_and_open_roads_are_refused() {
        for secret in ["short", "whsec_%%%%", "whsec_c2hvcnQ="] {
            assert!(key(&secret.into()).is_err(), "{secret}");
        }
        for (url, fits) in [
            ("https://hooks.example.org/a", true),
            ("http://127.0.0.1:80/a", true),
            ("http://localhost/a", true),
            ("http://[::1]/a", true),
            ("http://hooks.example.org/a", false),
            ("http://localhost.example.org/a", false),
            ("ftp://127.0.0.1/a", false),
        ] {
            assert_eq!(check_url(&url.parse().unwrap()).is_ok(), fits, "{url}");
        }
    }
}
