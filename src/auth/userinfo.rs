//! Visas as a broker tells them to whoever shows it an access token (the `UserInfo` flow of GA4GH AAI).

use std::{sync::Arc, time::Duration};

use ring::digest;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use tracing::warn;

use super::{BoxError, discovery::Site, passport};

/// A broker is asked at most once in this time for a token (AAI OIDC Profile 1.2).
const PERIOD: Duration = Duration::from_secs(3600);

/// How long an answer may take. A request waits for it.
const PATIENCE: Duration = Duration::from_secs(5);

/// What brokers told.
#[derive(Debug)]
pub(super) struct UserInfo {
    /// Visas, not yet believed, by the hash of the token.
    told: moka::future::Cache<[u8; 32], Arc<Vec<String>>>,
}

#[derive(Deserialize)]
struct Answer {
    sub: String,
    #[serde(default)]
    ga4gh_passport_v1: Option<Value>,
}

impl UserInfo {
    pub(super) fn new(capacity: u64) -> Self {
        let told = moka::future::Cache::builder().max_capacity(capacity).time_to_live(PERIOD);
        Self { told: told.build() }
    }

    /// The visas of whoever this token speaks for. A broker that does not answer is a warning, and asked
    /// again when the token is verified anew.
    pub(super) async fn visas(&self, site: &Site, token: &str, subject: &str) -> Arc<Vec<String>> {
        let digest = digest::digest(&digest::SHA256, token.as_bytes());
        let hash = digest.as_ref().try_into().expect("a SHA-256 has 32 bytes");
        let asked = self.told.try_get_with(hash, async {
            let asked = tokio::time::timeout(PATIENCE, ask(site, token, subject)).await;
            asked.unwrap_or_else(|late| Err(late.into())).map(Arc::new)
        });
        asked.await.unwrap_or_else(|error| {
            warn!(
                error = &**error as &dyn std::error::Error,
                "the UserInfo endpoint at {} does not tell visas", site.at
            );
            Arc::default()
        })
    }
}

async fn ask(site: &Site, token: &str, subject: &str) -> Result<Vec<String>, BoxError> {
    let metadata = site.metadata().await?;
    let url = metadata.userinfo_endpoint.as_ref().ok_or("the issuer has no UserInfo endpoint")?;
    let answer = site.fetch.get(url, Some(&SecretString::from(token))).await?;
    let answer: Answer =
        serde_json::from_slice(&answer).map_err(|_| "the answer is not what it should be")?;
    if answer.sub != subject {
        return Err("the answer is about somebody else".into());
    }
    Ok(answer
        .ga4gh_passport_v1
        .map(|visas| passport::texts(&visas))
        .transpose()?
        .unwrap_or_default())
}
