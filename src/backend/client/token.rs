//! Access tokens by OAuth 2.0 client credentials (RFC 6749, section 4.4): fetched once, shared, renewed
//! before they expire.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Method, Request, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;

use super::{Client, HttpError, full};
use crate::domain::Credential;

/// The tokens in use.
#[derive(Default)]
pub(super) struct Tokens {
    /// Guards the map alone; each slot has a lock of its own that makes callers share one fetch.
    slots: Mutex<HashMap<Key, Slot>>,
}

type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    token_url: String,
    client_id: String,
    scope: Option<String>,
    resource: Option<String>,
}

struct Token {
    value: SecretString,
    renew_at: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    expires_in: Option<f64>,
}

impl Tokens {
    /// The token for this credential; anything but client credentials has none.
    pub(super) async fn get(
        &self,
        client: &Client,
        credential: &Credential,
    ) -> Result<SecretString, HttpError> {
        let slot = self.slot(credential).ok_or(HttpError::BadCredential)?;
        let mut slot = slot.lock().await;
        if let Some(token) = slot.as_ref().filter(|token| Instant::now() < token.renew_at) {
            return Ok(token.value.clone());
        }
        let token = fetch(client, credential).await?;
        let value = token.value.clone();
        *slot = Some(token);
        Ok(value)
    }

    /// Forgets a token that was refused.
    pub(super) fn forget(&self, credential: &Credential) {
        if let Some(key) = Key::of(credential) {
            self.slots.lock().expect("no holder panics").remove(&key);
        }
    }

    fn slot(&self, credential: &Credential) -> Option<Slot> {
        let key = Key::of(credential)?;
        Some(self.slots.lock().expect("no holder panics").entry(key).or_default().clone())
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Key {
    fn of(credential: &Credential) -> Option<Self> {
        match credential {
            Credential::ClientCredentials { token_url, client_id, scope, resource, .. } => {
                Some(Self {
                    token_url: token_url.to_string(),
                    client_id: client_id.clone(),
                    scope: scope.clone(),
                    resource: resource.clone(),
                })
            }
            Credential::None
            | Credential::Header { .. }
            | Credential::Bearer(_)
            | Credential::Basic { .. } => None,
        }
    }
}

async fn fetch(client: &Client, credential: &Credential) -> Result<Token, HttpError> {
    let Credential::ClientCredentials { token_url, client_id, client_secret, scope, resource } =
        credential
    else {
        return Err(HttpError::BadCredential);
    };
    let body = {
        // The serializer cannot be sent across threads, so it must not live across the call.
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        form.append_pair("client_id", client_id);
        form.append_pair("client_secret", client_secret.expose_secret());
        if let Some(scope) = scope {
            form.append_pair("scope", scope);
        }
        if let Some(resource) = resource {
            form.append_pair("resource", resource);
        }
        form.finish()
    };
    let request = Request::builder()
        .method(Method::POST)
        .uri(token_url.as_str())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(full(body))
        .map_err(|_| HttpError::BadUrl)?;
    let answer = client.send(&Credential::None, request, client.config().answer_timeout).await?;
    if !answer.status().is_success() {
        return Err(HttpError::NoToken(answer.problem().await.message));
    }
    // What stands in the answer is not repeated: it is about a token.
    let token: TokenAnswer = answer.json().await.map_err(|_| {
        HttpError::NoToken("the answer of the token endpoint holds none".to_owned())
    })?;
    // Renewed at four fifths of its life, so that no call goes out with a token about to die.
    let life = token.expires_in.unwrap_or(300.0).clamp(1.0, 86_400.0);
    Ok(Token {
        value: token.access_token,
        renew_at: Instant::now() + Duration::from_secs_f64(life * 0.8),
    })
}
