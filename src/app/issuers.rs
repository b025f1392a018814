//! Whose tokens are believed.

use std::sync::Arc;

use anyhow::{Result, bail};
use async_trait::async_trait;
use http::{Request, header};
use secrecy::SecretString;
use url::Url;

use crate::{
    auth::{self, ApiKeys, Authenticator, DevelopmentIssuer, Fetch},
    backend::client::{Answer, Client, full},
    config::{Config, SecretRef},
    database::Database,
    domain::{Clock, Credential},
};

/// Who tells callers from strangers, and the keys of machines. Where no issuer is configured, a gateway
/// that only this machine can reach believes the tokens that it mints itself; one that others can reach
/// refuses to start.
pub(super) fn identity(
    config: &Config,
    client: &Client,
    database: &Database,
    clock: &Arc<dyn Clock>,
) -> Result<(Arc<Authenticator>, Arc<ApiKeys>)> {
    let alone = config.auth.issuers.is_empty();
    if alone && !config.auth.development_issuer && !config.server.listen.ip().is_loopback() {
        bail!("auth.issuers is empty, and server.listen can be reached by others");
    }
    let development = if alone || config.auth.development_issuer {
        Some(DevelopmentIssuer::open(&config.data_dir, clock.clone())?)
    } else {
        None
    };
    let api_keys = ApiKeys::new(database.clone(), config.auth.keys.clone(), clock.clone());
    let api_keys = Arc::new(api_keys);
    let authenticator = Authenticator::build(auth::Parts {
        config: &config.auth,
        development: development.as_ref(),
        fetch: Some(Arc::new(ByHttp(client.clone()))),
        keys_folder: Some(config.data_dir.join("keys")),
        api_keys: Some(api_keys.clone()),
        database: Some(database.clone()),
        read_secret,
        clock: clock.clone(),
    })?;
    Ok((Arc::new(authenticator), api_keys))
}

/// Reads a secret whose place the configuration of an issuer names.
pub(super) fn read_secret(place: &str) -> std::result::Result<SecretString, String> {
    place.parse::<SecretRef>()?.read()
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

    async fn post_form(
        &self,
        url: &Url,
        form: String,
        client: Option<(&str, &SecretString)>,
    ) -> Result<Vec<u8>, auth::BoxError> {
        let credential = client.map_or(Credential::None, |(id, secret)| Credential::Basic {
            username: id.to_owned(),
            password: secret.clone(),
        });
        let request = Request::post(url.as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(full(form))?;
        read(self.0.send(&credential, request, self.0.config().answer_timeout).await?).await
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
