//! Whose tokens are believed.

use std::sync::Arc;

use anyhow::{Result, bail};
use async_trait::async_trait;
use url::Url;

use crate::{
    auth::{self, Authenticator, DevelopmentIssuer, FetchKeys},
    backend::client::Client,
    config::Config,
    domain::{Clock, Credential},
};

/// Where no issuer is configured, a gateway that only this machine can reach believes the tokens that it
/// mints itself; one that others can reach refuses to start.
pub(super) fn authenticator(
    config: &Config,
    client: Client,
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
    let keys: Arc<dyn FetchKeys> = Arc::new(KeysByHttp(client));
    Ok(Authenticator::build(&config.auth, development.as_ref(), Some(keys), clock)?)
}

/// Lends the HTTP client to whoever needs the keys of an issuer.
#[derive(Debug)]
pub(super) struct KeysByHttp(pub(super) Client);

#[async_trait]
impl FetchKeys for KeysByHttp {
    async fn fetch(&self, url: &Url) -> Result<Vec<u8>, auth::BoxError> {
        const MAX_BYTES: usize = 1024 * 1024;
        let answer = self.0.get(&Credential::None, url).await?;
        if !answer.status().is_success() {
            return Err(format!("the key set answered with {}", answer.status()).into());
        }
        let bytes = answer.bytes().await?;
        if bytes.len() > MAX_BYTES {
            return Err(format!("the key set is longer than {MAX_BYTES} bytes").into());
        }
        Ok(bytes.into())
    }
}
