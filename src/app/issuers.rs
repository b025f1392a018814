//! Whose tokens are believed.

use std::sync::Arc;

use anyhow::{Result, bail};
use async_trait::async_trait;
use secrecy::SecretString;
use url::Url;

use crate::{
    auth::{self, ApiKeys, Authenticator, DevelopmentIssuer, Fetch},
    backend::client::{Answer, Client},
    config::Config,
    domain::{Clock, Credential},
};

/// Where no issuer is configured, a gateway that only this machine can reach believes the tokens that it
/// mints itself; one that others can reach refuses to start.
pub(super) fn authenticator(
    config: &Config,
    client: Client,
    api_keys: Arc<ApiKeys>,
    clock: Arc<dyn Clock>,
) -> Result<Authenticator> {
    let alone = config.auth.issuers.is_empty();
    if alone && !config.auth.development_issuer && !config.server.listen.ip().is_loopback() {
        bail!("auth.issuers is empty, and server.listen can be reached by others");
    }
    let development = if alone || config.auth.development_issuer {
        Some(DevelopmentIssuer::open(&config.data_dir, clock.clone())?)
    } else {
        None
    };
    Ok(Authenticator::build(auth::Parts {
        config: &config.auth,
        development: development.as_ref(),
        fetch: Some(Arc::new(ByHttp(client))),
        keys_folder: Some(config.data_dir.join("keys")),
        api_keys: Some(api_keys),
        clock,
    })?)
}

/// Lends the HTTP client to whoever asks issuers.
#[derive(Debug)]
pub(super) struct ByHttp(pub(super) Client);

#[async_trait]
impl Fetch for ByHttp {
    async fn get(
        &self,
        url: &Url,
        bearer: Option<&SecretString>,
    ) -> Result<Vec<u8>, auth::BoxError> {
        let credential = bearer.cloned().map_or(Credential::None, Credential::Bearer);
        read(self.0.get(&credential, url).await?).await
    }
}

async fn read(answer: Answer) -> Result<Vec<u8>, auth::BoxError> {
    const MAX_BYTES: usize = 1024 * 1024;
    if !answer.status().is_success() {
        return Err(format!("the answer was {}", answer.status()).into());
    }
    let bytes = answer.bytes().await?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("the answer is longer than {MAX_BYTES} bytes").into());
    }
    Ok(bytes.into())
}
